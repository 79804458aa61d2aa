import type { Edits } from './edits.ts';

/** One file that was asked for, or a folder that could not be searched for them. */
export interface FoundFile {
  /** As the person named it, or as a glob or a folder gave it, in well-formed text; `-` is standard input. */
  readonly path: string;
  /** An absolute path, to be opened as `encodePath` gives it; or standard input. */
  readonly source: string | NodeJS.ReadableStream;
  /** The edits after the name of this file. */
  readonly edits?: Edits;
  /** Why this folder could not be searched; undefined for a file. */
  readonly folderError?: unknown;
}
