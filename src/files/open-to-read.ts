import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens a file to read. It does not block: opening a FIFO otherwise waits until somebody writes to it.
 *
 * @param flags further flags of open(2)
 * @throws Node's error
 */
export function openToRead(path: string | Buffer, flags = 0): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
}
