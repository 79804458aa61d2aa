import { UsageError } from '../errors.ts';
import { readStream } from './read-stream.ts';

/** Longer than any valid input. */
const maxLineBytes = 64 * 1024;

/**
 * Reads standard input up to the first line break, or its end, and does not wait for more. Rejects when the stream
 * fails, or with the signal's reason.
 *
 * @throws UsageError for a line of more than 64 KiB
 */
export async function readLine(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
  const bytes = await readStream(
    stream,
    signal,
    (piece, sizeBytes) => piece.includes('\n') || sizeBytes > maxLineBytes,
  );
  const end = bytes.indexOf('\n');
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  if (line.length > maxLineBytes) {
    throw new UsageError('standard input: the first line is longer than 64 KiB');
  }
  return line.toString('utf8').replace(/\r$/, '');
}
