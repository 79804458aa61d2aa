import { FileError } from '../errors.ts';
import type { PendingAsset } from '../media/check-asset.ts';
import type { RememberedUpload } from './manifest.ts';

/** What is known about a file before anything is sent. */
export type FileCheck =
  | {
      readonly kind: 'acceptable';
      readonly asset: PendingAsset;
      /** The edits of its source, as a key; undefined if it was not to be converted. */
      readonly recipe?: string | undefined;
    }
  | { readonly kind: 'refused'; readonly error: FileError }
  /** The manifest has a reference for its source. */
  | { readonly kind: 'known'; readonly upload: RememberedUpload }
  /** The checks were stopped before its turn. */
  | { readonly kind: 'unchecked' };

/** One input before it is sent; inputs that name the same file with the same edits share one `check` object. */
export interface CheckedFile {
  readonly path: string;
  readonly check: FileCheck;
}

/** The check of a file whose turn did not come. */
export const unchecked = { kind: 'unchecked' } as const satisfies FileCheck;

/** The check of a file that may not be sent. */
export type RefusedCheck = Extract<FileCheck, { kind: 'refused' }>;

/** The check of a file that failed with a FileError; throws any other error. */
export function refusedBy(error: unknown): RefusedCheck {
  if (error instanceof FileError) {
    return { kind: 'refused', error };
  }
  throw error;
}

/** A file that is to be sent. */
export interface AcceptableFile {
  /** Its first place in the input, from 0. */
  readonly index: number;
  readonly path: string;
  readonly check: Extract<FileCheck, { kind: 'acceptable' }>;
}

/** The files that are to be sent, in input order; one that is named several times comes once. */
export function selectAcceptable(files: readonly CheckedFile[]): readonly AcceptableFile[] {
  const acceptable = new Map<FileCheck, AcceptableFile>();
  for (const [index, { path, check }] of files.entries()) {
    if (check.kind === 'acceptable' && !acceptable.has(check)) {
      acceptable.set(check, { index, path, check });
    }
  }
  return [...acceptable.values()];
}
