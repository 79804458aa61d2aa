import { addAbortSignal, type Readable } from 'node:stream';

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
  try {
    for await (const chunk of addAbortSignal(signal, stream as Readable)) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
      const piece = bytes.subarray(0, maxBytes + 1 - sizeBytes);
      memory.grow(sizeBytes + piece.length);
      new Uint8Array(memory).set(piece, sizeBytes);
      sizeBytes += piece.length;
      if (sizeBytes > maxBytes) {
        break;
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
  return Buffer.from(memory, 0, sizeBytes);
}
