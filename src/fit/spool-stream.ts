import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { describeErrno } from '../errno.ts';
import { FileError } from '../errors.ts';
import { maxUnlimitedBytes } from '../media/asset-types.ts';
import { diskFull } from './workspace.ts';

/**
 * Writes a stream to a new file.
 *
 * @throws FileError, or the signal's reason
 */
export async function spoolStream(
  stream: NodeJS.ReadableStream,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  let sizeBytes = 0;
  try {
    await pipeline(
      stream,
      async function* limit(pieces: AsyncIterable<Buffer | string>) {
        for await (const piece of pieces) {
          sizeBytes += Buffer.byteLength(piece);
          if (sizeBytes > maxUnlimitedBytes) {
            throw new FileError('cannot_fit', 'it has more than 2 GiB');
          }
          yield piece;
        }
      },
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
      { signal },
    );
  } catch (cause) {
    signal.throwIfAborted();
    throw cause instanceof FileError
      ? cause
      : new FileError('cannot_fit', `it cannot be saved to a temporary file: ${describeErrno(cause)}`, {
          hint: diskFull.hint,
          cause,
        });
  }
}
