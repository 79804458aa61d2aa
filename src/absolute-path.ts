import { isAbsolute, resolve, sep } from 'node:path';

/**
 * The absolute form of a path that is to be opened. `..` stays in it: behind a symbolic link it is the parent of where
 * the link leads, which only the system knows. (Windows folds it itself, before it looks at any link.)
 *
 * @param from asked for its `cwd` only where the path is relative
 */
export function absolutePath(path: string, from: { readonly cwd: string }): string {
  if (sep === '\\') {
    return resolve(from.cwd, path);
  }
  const [first = '', ...rest] = (isAbsolute(path) ? path : `${from.cwd}/${path}`).split('/');
  const isFolder = /(?:^|\/)\.?$/.test(path);
  const parts = rest.filter((part) => part !== '' && part !== '.');
  return `${[first, ...parts].join('/')}${isFolder || parts.length === 0 ? '/' : ''}`;
}
