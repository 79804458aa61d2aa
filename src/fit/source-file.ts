import { createHash } from 'node:crypto';
import { FileError } from '../errors.ts';
import { statRegularFile, withFile } from '../files/regular-file.ts';

/** A file that may be converted, as it was when it was hashed. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly sizeBytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  /** See {@link statRegularFile}. */
  readonly version: string;
}

const pieceBytes = 1024 * 1024;

/**
 * Hashes a regular file.
 *
 * @throws FileError `unreadable`, `not_a_file` or `changed`, or the signal's reason
 */
export function loadSourceFile(path: string, signal: AbortSignal): Promise<SourceFile> {
  return withFile(path, async (handle) => {
    const before = await statRegularFile(handle);
    const hash = createHash('sha256');
    for await (const piece of handle.createReadStream({ autoClose: false, highWaterMark: pieceBytes })) {
      signal.throwIfAborted();
      hash.update(piece);
    }
    if ((await statRegularFile(handle)).version !== before.version) {
      throw new FileError('changed', 'it changed while it was read');
    }
    return { path, ...before, sha256: hash.digest('hex') };
  });
}

/**
 * Makes sure that the file has not changed since it was hashed: a decoder opens it by its name.
 *
 * @throws FileError `changed`, `unreadable` or `not_a_file`
 */
export async function refuseChanged({ path, version }: SourceFile): Promise<void> {
  if ((await withFile(path, statRegularFile)).version !== version) {
    throw new FileError('changed', 'it changed after it was checked');
  }
}
