import { isAbsolute, resolve } from 'node:path';
import { UsageError } from './errors.ts';

/**
 * The absolute form of a path.
 *
 * @param from `cwd` is undefined where the working directory is gone
 * @throws UsageError for a relative path where the working directory is gone
 */
export function absolutePath(path: string, { cwd }: { readonly cwd: string | undefined }): string {
  if (cwd !== undefined) {
    return resolve(cwd, path);
  }
  if (!isAbsolute(path)) {
    throw new UsageError(
      `${path}: the working directory is gone (deleted, or out of reach); give an absolute path`,
    );
  }
  return resolve(path);
}
