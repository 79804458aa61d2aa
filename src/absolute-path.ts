import { isAbsolute, resolve, sep } from 'node:path';
import { UsageError } from './errors.ts';

/**
 * Resolves a path to open. Keeps `..`: after a symbolic link it means the parent of the link's target, which only the
 * system knows. (Windows folds `..` before it follows links.)
 *
 * @throws UsageError for a relative path if the working directory is gone, and `cwd` therefore undefined
 */
export function absolutePath(path: string, { cwd }: { readonly cwd: string | undefined }): string {
  if (isAbsolute(path)) {
    return sep === '\\' ? resolve(path) : tidy(path, path);
  }
  if (cwd === undefined) {
    throw new UsageError(
      `${path}: the working directory is gone (deleted, or out of reach); give an absolute path`,
    );
  }
  return sep === '\\' ? resolve(cwd, path) : tidy(`${cwd}/${path}`, path);
}

/** Drops empty parts and `.`. */
function tidy(absolute: string, given: string): string {
  const [first = '', ...rest] = absolute.split('/');
  const isFolder = /(?:^|\/)\.?$/.test(given);
  const parts = rest.filter((part) => part !== '' && part !== '.');
  return `${[first, ...parts].join('/')}${isFolder || parts.length === 0 ? '/' : ''}`;
}

/** The working directory; undefined if it was deleted or cannot be entered. */
export function findCwd(): string | undefined {
  try {
    return resolve();
  } catch {
    return undefined;
  }
}
