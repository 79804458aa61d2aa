import { createReadStream } from 'node:fs';
import { absolutePath } from '../absolute-path.ts';
import { describeErrno } from '../errno.ts';
import { UsageError } from '../errors.ts';
import type { Host } from '../host.ts';
import { decodePath } from './path-bytes.ts';
import { readStream } from './read-stream.ts';

/** Room for half a million paths. */
const maxListBytes = 64 * 1024 * 1024;

/** More than any system lets a path have, in bytes. */
const maxPathBytes = 128 * 1024;

/**
 * Reads the paths of `--files-from`: one a line, or each ended by a NUL byte.
 *
 * @param file a path, or `-` for standard input
 * @returns paths as `decodePath` gives them
 * @throws UsageError if the list cannot be read, is not text or names nothing
 */
export async function readList(
  file: string,
  nullSeparated: boolean,
  host: Pick<Host, 'cwd' | 'stdin' | 'signal'>,
): Promise<readonly string[]> {
  const refuse = (problem: string) => new UsageError(`--files-from ${file}: ${problem}`);
  const stream = file === '-' ? host.stdin : createReadStream(absolutePath(file, host));
  const bytes = await readStream(
    stream,
    host.signal,
    (piece, sizeBytes) => sizeBytes > maxListBytes || (!nullSeparated && piece.includes(0)),
  ).catch((error: NodeJS.ErrnoException) => {
    if (host.signal.aborted) {
      throw error;
    }
    throw refuse(
      error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${describeErrno(error)}`,
    );
  });
  if (!nullSeparated && bytes.includes(0)) {
    throw refuse('it is not text; a list has one path a line, or with -0 ends each in a NUL byte');
  }
  if (bytes.length > maxListBytes) {
    throw refuse('it is larger than 64 MiB, too large for a list of paths');
  }
  const entries = splitList(bytes.toString('latin1'), nullSeparated);
  if (entries.some(({ length }) => length > maxPathBytes)) {
    throw refuse('it has an entry that is too long for a path');
  }
  const paths = entries
    .filter((entry) => entry !== '')
    .map((entry) => decodePath(Buffer.from(entry, 'latin1')));
  if (paths.length === 0) {
    throw refuse('the list is empty');
  }
  return paths;
}

/** Splits a list, in which each character is a byte. */
function splitList(list: string, nullSeparated: boolean): readonly string[] {
  if (nullSeparated) {
    return list.split('\0');
  }
  const byteOrderMark = /^\xef\xbb\xbf/;
  return list
    .replace(byteOrderMark, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
}
