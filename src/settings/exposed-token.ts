import { stat } from 'node:fs/promises';
import type { Layer } from './source.ts';

/** Whether others than its owner may read or change a file. A pipe, as of `--config <(…)`, is nobody else's. */
export async function isExposed(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true && (stats.mode & 0o077) !== 0;
}

/** A warning for each config file that has a token in it and that others may read; Windows has no such bits. */
export async function findExposedTokens(
  layers: readonly Layer[],
  platform: NodeJS.Platform,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const { source, values } of platform === 'win32' ? [] : layers) {
    if ('path' in source && typeof values.token === 'string' && (await isExposed(source.path))) {
      warnings.push(`${describeExposure(source.path)}; chmod 600 it`);
    }
  }
  return warnings;
}

/** What is wrong with such a file. */
export function describeExposure(path: string): string {
  return `${path} has a token in it and others may read it`;
}
