import { readPieces } from './read-stream.ts';

/**
 * Reads a stream to its end, or until it has more than `maxBytes`. Its bytes are in memory once: it grows in place, and
 * a worker thread may share it.
 * Rejects when the stream fails, or with the signal's reason.
 */
export async function readShared(
  stream: NodeJS.ReadableStream,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const memory = new SharedArrayBuffer(0, { maxByteLength: maxBytes + 1 });
  let sizeBytes = 0;
  for await (const piece of readPieces(stream, signal)) {
    const taken = piece.subarray(0, maxBytes + 1 - sizeBytes);
    memory.grow(sizeBytes + taken.length);
    new Uint8Array(memory).set(taken, sizeBytes);
    sizeBytes += taken.length;
    if (sizeBytes > maxBytes) {
      break;
    }
  }
  return Buffer.from(memory, 0, sizeBytes);
}
