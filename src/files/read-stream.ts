import { addAbortSignal, type Readable } from 'node:stream';

/**
 * Reads a stream into one Buffer, to its end or until it is enough.
 * Rejects when the stream fails, or with the signal's reason, so that a silent terminal or pipe keeps nobody waiting.
 *
 * @param isEnough asked after each piece, with the number of bytes so far
 */
export async function readStream(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
  isEnough: (piece: Buffer, sizeBytes: number) => boolean,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of readPieces(stream, signal)) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (isEnough(piece, sizeBytes)) {
      break;
    }
  }
  return Buffer.concat(pieces);
}

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

/** Yields the pieces of a stream. Rejects when it fails, or with the signal's reason. */
async function* readPieces(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of addAbortSignal(signal, stream as Readable)) {
      yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
