import { addAbortSignal, type Readable } from 'node:stream';
import { UsageError } from '../errors.ts';

/** More than any line that is asked for has. */
const longestLineBytes = 64 * 1024;

/**
 * Reads standard input up to the first line break, or its end, and waits for nothing behind that.
 * Rejects when the stream fails, or with the signal's reason.
 *
 * @throws UsageError for a line of more than 64 KiB
 */
export async function readLine(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stream as Readable)) {
      const bytes = Buffer.from(chunk as Uint8Array);
      chunks.push(bytes);
      sizeBytes += bytes.length;
      if (sizeBytes > longestLineBytes) {
        throw new UsageError('standard input: the first line is longer than 64 KiB');
      }
      if (bytes.includes('\n')) {
        break;
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
  return Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1)[0]!;
}
