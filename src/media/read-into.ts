import type { FileHandle } from 'node:fs/promises';

/** Reads a file from its start until there are `enoughBytes`, the buffer is full or the file ends; returns what it read. */
export async function readInto(buffer: Buffer, handle: FileHandle, enoughBytes: number): Promise<Buffer> {
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length >= enoughBytes) {
      return buffer.subarray(0, length);
    }
  }
}
