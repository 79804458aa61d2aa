import { readFile } from 'node:fs/promises';
import { absolutePath } from '../absolute-path.ts';
import { UsageError } from '../errors.ts';
import type { Host } from '../host.ts';
import { readStream } from './read-stream.ts';

/**
 * Reads the paths of `--files-from`: one a line, or each ended by a NUL byte.
 *
 * @param file a path, or `-` for standard input
 * @throws UsageError where the list cannot be read or names nothing
 */
export async function readList(
  file: string,
  nullSeparated: boolean,
  host: Pick<Host, 'cwd' | 'stdin' | 'signal'>,
): Promise<readonly string[]> {
  const text =
    file === '-'
      ? (await readStream(host.stdin, host.signal, () => false)).toString()
      : await readListFile(absolutePath(file, host), file);
  const entries = nullSeparated ? text.split('\0') : text.replace(/^\ufeff/, '').split(/\r?\n/);
  const paths = entries.filter((entry) => entry !== '');
  if (paths.length === 0) {
    throw new UsageError(`--files-from ${file}: the list is empty`);
  }
  return paths;
}

async function readListFile(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new UsageError(`--files-from ${name}: ${problem}`);
  }
}
