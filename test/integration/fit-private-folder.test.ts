import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, onTestFinished, test } from 'vitest';
import { PrivateFolder, removeAbandonedFolders } from '../../src/fit/private-folder.ts';
import { tempDir } from '../harness/temp-dir.ts';

const { platform } = process;
const userId = process.getuid?.();
const hourMs = 60 * 60_000;

const clean = (parent: string, now = Date.now()) =>
  removeAbandonedFolders(parent, userId, platform, () => now);

/** Another process that holds a folder with a file; returns the folder's name. */
async function holdElsewhere(parent: string) {
  const scripts = await tempDir();
  const build = await rolldown({
    input: fileURLToPath(new URL('../../src/fit/private-folder.ts', import.meta.url)),
    platform: 'node',
    logLevel: 'silent',
  });
  await build.write({ file: join(scripts, 'private-folder.mjs') });
  await writeFile(
    join(scripts, 'hold.mjs'),
    `import { writeFileSync } from 'node:fs';
     import { PrivateFolder } from './private-folder.mjs';
     const folder = await PrivateFolder.create(process.argv[2], process.platform);
     writeFileSync(folder.path + '/1.mp4', 'content');
     console.log('held');
     setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, [join(scripts, 'hold.mjs'), parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('removes the folder of a killed run, but not the folder of a running one', async () => {
  const parent = await tempDir();
  const running = await holdElsewhere(parent);
  await clean(parent, Date.now() + 100 * hourMs);
  const [folder] = await readdir(parent);
  expect((await readdir(join(parent, folder!))).sort()).toEqual(['1.mp4', 'lock']);

  running.kill('SIGKILL');
  await once(running, 'exit');
  expect(await readdir(parent)).toEqual([folder]);
  await clean(parent);
  expect(await readdir(parent)).toEqual([]);
});

test('two runs at once leave each other alone', async () => {
  const parent = await tempDir();
  const folders = await Promise.all(
    Array.from({ length: 20 }, async () => {
      await clean(parent);
      const folder = await PrivateFolder.create(parent, platform);
      await clean(parent);
      return folder;
    }),
  );
  expect(await readdir(parent)).toHaveLength(20);
  await Promise.all(folders.map((folder) => folder.remove()));
  expect(await readdir(parent)).toEqual([]);
});

test('keeps a folder without a lock while its run may be about to lock it', async () => {
  const parent = await tempDir();
  const path = join(parent, 'dreamina-fit-0123456789abcdef');
  await mkdir(path);
  await clean(parent);
  expect(await readdir(parent)).toHaveLength(1);
  const before = new Date(Date.now() - 2 * hourMs);
  await utimes(path, before, before);
  await clean(parent);
  expect(await readdir(parent)).toEqual([]);
});

test('leaves folders of other users and other kinds alone', async () => {
  const parent = await tempDir();
  const elsewhere = await tempDir();
  await writeFile(join(elsewhere, 'precious'), '');
  await symlink(elsewhere, join(parent, 'dreamina-fit-link'));
  await writeFile(join(parent, 'dreamina-fit-file'), '');
  await mkdir(join(parent, 'other'));
  await mkdir(join(parent, 'dreamina-fit-of-another-user'));
  await removeAbandonedFolders(parent, (userId ?? 0) + 1, platform, () => Date.now() + 100 * hourMs);
  expect((await readdir(parent)).sort()).toHaveLength(4);
  await clean(parent, Date.now() + 100 * hourMs);
  expect((await readdir(parent)).sort()).toEqual(['dreamina-fit-file', 'dreamina-fit-link', 'other']);
  expect(await readdir(elsewhere)).toEqual(['precious']);
});

test('locks a folder whose path is too long for a socket', async (context) => {
  if (platform !== 'linux') {
    context.skip('only Linux reaches a folder by a short path');
  }
  const parent = join(await tempDir(), 'long'.repeat(30));
  await mkdir(parent);
  const folder = await PrivateFolder.create(parent, platform);
  await clean(parent, Date.now() + 100 * hourMs);
  expect(await readdir(folder.path)).toEqual(['lock']);
  await folder.remove();
  expect(await readdir(parent)).toEqual([]);
});
