import { stat } from 'node:fs/promises';
import type { Layer } from './source.ts';

/** Whether a layer's file holds a token and other users may read or change it; Windows has no such permission bits. */
export async function exposesToken({ source, values }: Layer, platform: NodeJS.Platform): Promise<boolean> {
  if (platform === 'win32' || !('path' in source) || typeof values.token !== 'string') {
    return false;
  }
  // The pipe of `--config <(…)` is private whatever its mode.
  const stats = await stat(source.path).catch(() => undefined);
  return stats?.isFile() === true && (stats.mode & 0o077) !== 0;
}
