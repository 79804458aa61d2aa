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

/** Yields the pieces of a stream. Rejects when it fails, or with the signal's reason. */
export async function* readPieces(
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
