import { isAbsolute, resolve, sep } from 'node:path';
import { UsageError } from './errors.ts';

/**
 * The absolute form of a path that is to be opened. `..` stays in it: behind a symbolic link it is the parent of where
 * the link leads, which only the system knows. (Windows folds it itself, before it looks at any link.)
 *
 * @param from asked for its `cwd` only where the path is relative; `cwd` is undefined where the directory is gone
 * @throws UsageError for a relative path where the working directory is gone
 */
export function absolutePath(path: string, from: { readonly cwd: string | undefined }): string {
  if (isAbsolute(path)) {
    return sep === '\\' ? resolve(path) : tidy(path, path);
  }
  const { cwd } = from;
  if (cwd === undefined) {
    throw new UsageError(
      `${path}: the working directory is gone (deleted, or out of reach); give an absolute path`,
    );
  }
  return sep === '\\' ? resolve(cwd, path) : tidy(`${cwd}/${path}`, path);
}

/** Drops what means nothing to the system: empty parts and `.`. */
function tidy(absolute: string, given: string): string {
  const [first = '', ...rest] = absolute.split('/');
  const isFolder = /(?:^|\/)\.?$/.test(given);
  const parts = rest.filter((part) => part !== '' && part !== '.');
  return `${[first, ...parts].join('/')}${isFolder || parts.length === 0 ? '/' : ''}`;
}
