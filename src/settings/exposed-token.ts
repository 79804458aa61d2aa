import { stat } from 'node:fs/promises';
import type { FoundConfig } from './parse-config.ts';

/** Whether a file holds a token and other users may read or change it; Windows has no such permission bits. */
export async function exposesToken(
  { path, values }: FoundConfig,
  platform: NodeJS.Platform,
): Promise<boolean> {
  if (platform === 'win32' || typeof values.token !== 'string') {
    return false;
  }
  // The pipe of `--config <(…)` is private whatever its mode.
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true && (stats.mode & 0o077) !== 0;
}
