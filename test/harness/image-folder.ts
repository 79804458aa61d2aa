import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fixture } from '../fixtures.ts';
import { tempDir } from './temp-dir.ts';

/** A folder of small PNG files, `0.png` and so on, no two the same: each ends with its own number. */
export async function imageFolder(files: number): Promise<string> {
  const folder = await tempDir();
  const image = await readFile(fixture('night.png').file);
  for (let i = 0; i < files; i += 1) {
    await writeFile(join(folder, `${i}.png`), Buffer.concat([image, Buffer.from(`${i}`)]));
  }
  return folder;
}
