import type { FileHandle } from 'node:fs/promises';

/** Reads the bytes of a file or of standard input at any position. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** The bytes if they are in memory already; fewer than asked only at the end of the file. */
  peek(position: number, length: number): Buffer | undefined;
  /** The bytes; fewer than asked only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
}

/** Reads a buffer. */
export function createBufferSource(bytes: Buffer): ByteSource {
  const peek = (position: number, length: number) => bytes.subarray(position, position + length);
  return { sizeBytes: bytes.length, peek, read: async (position, length) => peek(position, length) };
}

/** How much to read at once: for random reads, and for sequential ones. */
const blockBytes = { first: 4096, next: 65_536 };

/** Reads an open file in blocks, and keeps the last one. */
export function createFileSource(handle: FileHandle, sizeBytes: number): ByteSource {
  let block: Buffer = Buffer.alloc(0);
  let start = 0;

  const peek = (position: number, length: number) => {
    const end = Math.min(position + length, Math.max(sizeBytes, position));
    return position >= start && end <= start + block.length
      ? block.subarray(position - start, end - start)
      : undefined;
  };

  const load = async (position: number, length: number) => {
    const follows =
      block.length > 0 && position - (start + block.length) < blockBytes.next && position > start;
    const wanted = Math.max(length, follows ? blockBytes.next : blockBytes.first);
    const target = Buffer.allocUnsafe(Math.max(0, Math.min(wanted, sizeBytes - position)));
    block = await fill(target, handle, position);
    start = position;
    return block.subarray(0, length);
  };

  return {
    sizeBytes,
    peek,
    read: async (position, length) => peek(position, length) ?? (await load(position, length)),
  };
}

/** Reads from a position until there are enough bytes or the file ends; returns the part that was filled. */
export async function fill(
  target: Buffer,
  handle: FileHandle,
  position: number,
  enoughBytes = target.length,
): Promise<Buffer> {
  let filled = 0;
  while (filled < enoughBytes) {
    const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled);
    if (bytesRead === 0) {
      break;
    }
    filled += bytesRead;
  }
  return target.subarray(0, filled);
}
