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
  try {
    for await (const chunk of addAbortSignal(signal, stream as Readable)) {
      const piece = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
      pieces.push(piece);
      sizeBytes += piece.length;
      if (isEnough(piece, sizeBytes)) {
        break;
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
  return Buffer.concat(pieces);
}
