import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Environment } from '../../host.ts';

/**
 * Finds a program on PATH; undefined if there is none. Searches only absolute folders: the working directory, where
 * Windows looks first and which a dot in PATH means, may be a stranger's.
 */
export async function findProgram(
  name: string,
  env: Environment,
  platform: NodeJS.Platform,
): Promise<string | undefined> {
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders) {
    const path = join(folder, platform === 'win32' ? `${name}.exe` : name);
    if (await isProgram(path)) {
      return path;
    }
  }
  return undefined;
}

/** Whether that is a file that may be run. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
