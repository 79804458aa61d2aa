/** One image that was asked for. */
export interface FoundFile {
  /** As the person named it, or as a glob or a directory gave it; `-` is standard input. */
  readonly path: string;
  /** An absolute path, or standard input. */
  readonly source: string | NodeJS.ReadableStream;
}
