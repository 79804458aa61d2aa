import type { PendingAsset } from '../media/check-asset.ts';
import type { FileCheck } from '../media/check-files.ts';
import type { RememberedUpload } from './manifest.ts';

/** What is known of a file before anything is sent. */
export type Preparation =
  | {
      readonly kind: 'acceptable';
      readonly asset: PendingAsset;
      /** What the manifest remembers its source by; undefined for a file that is not to be made to fit. */
      readonly fitKey?: FitKey | undefined;
    }
  /** The manifest has a reference for its source. */
  | { readonly kind: 'known'; readonly upload: RememberedUpload }
  | Exclude<FileCheck, { readonly kind: 'acceptable' }>;

/** A source and what is asked of it: together they tell what is made of it. */
export interface FitKey {
  /** Of the source; lower-case hex. */
  readonly sha256: string;
  /** What is asked, and the version of the recipes. */
  readonly recipe: string;
}

/** One input before it is sent; inputs that name the same file, and ask the same of it, share one `check` object. */
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
