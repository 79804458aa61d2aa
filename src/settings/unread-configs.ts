import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { upwards } from './project-config.ts';

const extensions = ['js', 'cjs', 'mjs', 'ts', 'cts', 'mts', 'toml', 'json5', 'jsonc', 'ini'];

const names = extensions.flatMap((extension) => [
  `.dreaminarc.${extension}`,
  join('.config', `dreaminarc.${extension}`),
]);

/**
 * Finds files that are named like a project config and are not read, because they are neither JSON nor YAML.
 *
 * @param cwd undefined if it is gone
 * @param lastPath the project config that was found, where the search upwards ended
 */
export function findUnreadConfigs(cwd: string | undefined, lastPath: string | undefined): readonly string[] {
  const unread: string[] = [];
  if (cwd === undefined) {
    return unread;
  }
  for (const folder of upwards(cwd)) {
    unread.push(...names.map((name) => join(folder, name)).filter(isFile));
    if (lastPath !== undefined && [dirname(lastPath), dirname(dirname(lastPath))].includes(folder)) {
      break;
    }
  }
  return unread;
}

function isFile(path: string): boolean {
  try {
    // Synchronous, because some hundred calls one after the other would take longer as promises.
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}
