import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { describeErrno, isSystemError } from '../errno.ts';
import { FileError } from '../errors.ts';
import { encodePath } from './path-bytes.ts';

/**
 * Opens a file to read. It does not block: opening a FIFO otherwise waits until somebody writes to it.
 *
 * @param flags further flags of open(2)
 * @throws Node's error
 */
export function openToRead(path: string | Buffer, flags = 0): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
}

/**
 * Opens a file, uses it and closes it.
 *
 * @param path absolute, as `decodePath` gives it
 * @throws FileError `unreadable` or `not_a_file`, or an error of `use` that is not the system's
 */
export async function withFile<Result>(
  path: string,
  use: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  let handle: FileHandle;
  try {
    handle = await openToRead(encodePath(path));
  } catch (cause) {
    const kind = unopenableKinds[(cause as NodeJS.ErrnoException).code ?? ''];
    throw kind === undefined ? unreadable(cause) : notAFile(kind, cause);
  }
  try {
    return await use(handle);
  } catch (cause) {
    throw isSystemError(cause) ? unreadable(cause) : cause;
  } finally {
    await handle.close();
  }
}

/** Kinds of files that open() refuses, by error code. */
const unopenableKinds: Readonly<Record<string, string>> = {
  // On Windows.
  EISDIR: 'directory',
  ENXIO: 'socket',
};

/**
 * The size of a regular file, and a text that differs when it was written to or replaced. The text is without the
 * inode, because on FUSE that may change while the file does not; a change that restores the modification time shows
 * in `ctime`.
 *
 * @throws FileError `not_a_file`
 */
export async function statRegularFile(
  handle: FileHandle,
): Promise<{ readonly sizeBytes: number; readonly version: string }> {
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) {
    throw notAFile(stat.isDirectory() ? 'directory' : stat.isFIFO() ? 'named pipe' : 'device');
  }
  return { sizeBytes: Number(stat.size), version: [stat.size, stat.mtimeNs, stat.ctimeNs].join(':') };
}

function notAFile(kind: string, cause?: unknown): FileError {
  return new FileError('not_a_file', `it is a ${kind}, not a regular file`, { cause });
}

/** The failure of a file that the system does not let us read. */
export function unreadable(cause: unknown): FileError {
  return new FileError('unreadable', `it cannot be read: ${describeErrno(cause)}`, { cause });
}
