import type { FileHandle } from 'node:fs/promises';

/** Reads a file from its start into one Buffer, `limitBytes` at the most; `expectedBytes` saves growing it. */
export async function readLimited(
  handle: FileHandle,
  expectedBytes: number,
  limitBytes: number,
): Promise<Buffer> {
  // One byte of room over what is expected shows the end of the file, or that there is more, without a second buffer.
  let buffer = Buffer.allocUnsafeSlow(Math.min(expectedBytes + 1, limitBytes));
  let length = 0;
  while (length < limitBytes) {
    if (length === buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(length * 2, 64 * 1024), limitBytes));
      buffer.copy(larger);
      buffer = larger;
    }
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) {
      break;
    }
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
