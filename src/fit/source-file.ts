import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { describeErrno } from '../errno.ts';
import { FileError } from '../errors.ts';
import { formatFileVersion } from '../files/file-version.ts';
import { openToRead } from '../files/open-to-read.ts';

/** A file that may be converted, as it was when it was hashed. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly sizeBytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  /** See {@link formatFileVersion}. */
  readonly version: string;
}

const pieceBytes = 1024 * 1024;

/**
 * Hashes a regular file.
 *
 * @throws FileError `unreadable` or `changed`, or the signal's reason
 */
export async function loadSourceFile(path: string, signal: AbortSignal): Promise<SourceFile> {
  try {
    const handle = await openToRead(path);
    try {
      const before = await handle.stat({ bigint: true });
      if (!before.isFile()) {
        throw new FileError('unreadable', 'it is not a regular file');
      }
      const hash = createHash('sha256');
      const piece = Buffer.allocUnsafe(pieceBytes);
      let sizeBytes = 0;
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await handle.read(piece, 0, pieceBytes, sizeBytes);
        if (bytesRead === 0) {
          break;
        }
        hash.update(piece.subarray(0, bytesRead));
        sizeBytes += bytesRead;
      }
      const after = await handle.stat({ bigint: true });
      if (formatFileVersion(before) !== formatFileVersion(after)) {
        throw new FileError('changed', 'it changed while it was read');
      }
      return { path, sizeBytes, sha256: hash.digest('hex'), version: formatFileVersion(after) };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw cause instanceof FileError ? cause : unreadable(cause);
  }
}

/**
 * Makes sure that the file has not changed since it was hashed: a decoder opens it by its name.
 *
 * @throws FileError `changed` or `unreadable`
 */
export async function refuseChanged(source: SourceFile): Promise<void> {
  const now = await stat(source.path, { bigint: true }).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (formatFileVersion(now) !== source.version) {
    throw new FileError('changed', 'it changed after it was checked');
  }
}

function unreadable(cause: unknown): FileError {
  return new FileError('unreadable', `it cannot be read: ${describeErrno(cause)}`, { cause });
}
