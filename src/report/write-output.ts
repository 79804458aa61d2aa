import { describeErrno } from '../errno.ts';
import { OutputError } from '../errors.ts';
import type { Host } from '../host.ts';

/**
 * Writes to standard output; every command writes through it. Resolves when standard output can accept more, and also
 * when its reader is gone, which interrupts the run.
 *
 * @throws OutputError if it cannot be written, for example on a full disk
 */
export function writeOutput(text: string, { stdout }: Pick<Host, 'stdout'>): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (!error || isReaderGone(error)) {
        resolve();
      } else {
        reject(new OutputError(describeErrno(error)));
      }
    });
  });
}

/** Whether a write failed because nobody reads any more, as with `| head -1`. */
export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED';
}
