import { FileError } from '../errors.ts';

/** The failure of a file that is cut short or whose structure makes no sense. */
export function damaged(message: string): FileError {
  return new FileError('damaged', message, {
    hint: 'Copy, download or export it again: it is incomplete or damaged.',
  });
}
