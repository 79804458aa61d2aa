import type { PendingAsset } from '../media/check-asset.ts';
import type { FileCheck } from '../media/check-files.ts';
import type { RememberedUpload } from './manifest.ts';

/** The facts about a file that are known before anything is sent. */
export type Preparation =
  | {
      readonly kind: 'acceptable';
      readonly asset: PendingAsset;
      /** The manifest's key of its source; undefined for a file that is not to be converted. */
      readonly fitKey?: FitKey | undefined;
    }
  /** The manifest has a reference for its source. */
  | { readonly kind: 'known'; readonly upload: RememberedUpload }
  | Exclude<FileCheck, { readonly kind: 'acceptable' }>;

/** A source and its edits: together they determine the converted file. */
export interface FitKey {
  /** Of the source; lower-case hex. */
  readonly sha256: string;
  /** The edits, and the version of the recipes. */
  readonly recipe: string;
}

/** One input before it is sent; inputs that name the same file with the same edits share one `check` object. */
export interface PreparedFile {
  readonly path: string;
  readonly check: Preparation;
}

/** A file that is to be sent. */
export interface AcceptableFile {
  /** Its first place in the input, from 0. */
  readonly index: number;
  readonly path: string;
  readonly check: Extract<Preparation, { kind: 'acceptable' }>;
}

/** The files that are to be sent, in input order; one that is named several times comes once. */
export function selectAcceptable(files: readonly PreparedFile[]): readonly AcceptableFile[] {
  const acceptable = new Map<Preparation, AcceptableFile>();
  for (const [index, { path, check }] of files.entries()) {
    if (check.kind === 'acceptable' && !acceptable.has(check)) {
      acceptable.set(check, { index, path, check });
    }
  }
  return [...acceptable.values()];
}
