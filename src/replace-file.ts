import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * A path for a new file in the same folder, so that renaming it replaces the file at once. Its name is short, because
 * the file's may be as long as names can be.
 */
export function temporaryPath(path: string): string {
  // Not `node:crypto`, whose loading would delay every command.
  return join(dirname(path), `.dreamina-${crypto.randomUUID()}.tmp`);
}

/**
 * Writes a file atomically: a crash leaves the old one or the new one.
 *
 * @param check called with the new file while it is empty; what it throws keeps the old one
 * @throws Node's error, or that of `check`
 */
export async function replaceFile(
  path: string,
  text: string,
  mode: number,
  check?: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = temporaryPath(path);
  const file = await open(temporary, 'wx', mode);
  try {
    try {
      await check?.(file);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
