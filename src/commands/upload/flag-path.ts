import { absolutePath } from '../../absolute-path.ts';
import { UsageError } from '../../errors.ts';
import type { Host } from '../../host.ts';

/**
 * The absolute path that a flag names.
 *
 * @throws UsageError if it is empty
 */
export function resolveFlagPath(
  flag: string,
  path: string | undefined,
  kind: 'file' | 'folder',
  host: Host,
): string | undefined {
  if (path === '') {
    throw new UsageError(`${flag} needs the name of a ${kind}`);
  }
  return path === undefined ? undefined : absolutePath(path, host);
}
