import { addAbortSignal, type Readable } from 'node:stream';

/**
 * Reads a stream into one Buffer and stops once it has more than `limitBytes`.
 * Rejects when the stream fails, or with the signal's reason, so that a silent terminal or pipe keeps nobody waiting.
 */
export async function readStream(
  stream: NodeJS.ReadableStream,
  limitBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stream as Readable)) {
      const bytes = Buffer.from(chunk as Uint8Array);
      chunks.push(bytes);
      sizeBytes += bytes.length;
      if (sizeBytes > limitBytes) {
        break;
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
  return Buffer.concat(chunks);
}
