import type { FileHandle } from 'node:fs/promises';

/** The bytes of a file, or of what came on standard input, at any position. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Those bytes if they need not be waited for; fewer than asked only if the file ends. */
  peek(position: number, length: number): Buffer | undefined;
  /** Those bytes; fewer than asked only if the file ends. */
  read(position: number, length: number): Promise<Buffer>;
}

/** Reads a buffer. */
export function createBufferSource(bytes: Buffer): ByteSource {
  const peek = (position: number, length: number) => bytes.subarray(position, position + length);
  return { sizeBytes: bytes.length, peek, read: async (position, length) => peek(position, length) };
}

/** How much is read at once where the next read may be anywhere, and where reads follow each other. */
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
    let filled = 0;
    while (filled < target.length) {
      const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled);
      if (bytesRead === 0) {
        break;
      }
      filled += bytesRead;
    }
    block = target.subarray(0, filled);
    start = position;
    return block.subarray(0, length);
  };

  return {
    sizeBytes,
    peek,
    read: async (position, length) => peek(position, length) ?? (await load(position, length)),
  };
}
