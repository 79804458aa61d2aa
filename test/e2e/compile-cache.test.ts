import { spawnSync } from 'node:child_process';
import { chmod, chown, cp, lstat, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../harness/temp-dir.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isRoot = process.getuid?.() === 0;

/** A copy of the installed package, and how to run its command. */
async function installCopy() {
  const folder = await tempDir();
  for (const part of ['bin', 'dist/command', 'package.json']) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
  return {
    folder,
    cache: join(folder, 'dist', '.compiled'),
    run: (umask = '022') => {
      const script = `umask ${umask}; exec "$@"`;
      const command = [process.execPath, join(folder, 'bin', 'dreamina.js'), '--version'];
      const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', ...command], {
        env: { PATH: process.env.PATH, HOME: folder },
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    },
  };
}

// Node 20 has no compile cache.
describe.skipIf(Number.parseInt(process.versions.node, 10) < 22)('the compile cache', () => {
  it('is accessible only to its owner, whatever the umask allows', async () => {
    const { cache, run } = await installCopy();
    run('000');
    expect((await stat(cache)).mode & 0o777).toBe(0o700);
    expect(await readdir(cache)).not.toEqual([]);
  });

  it.each(['702', '750'])('is not used if others can access it: mode %s', async (mode) => {
    const { cache, run } = await installCopy();
    await mkdir(cache);
    await chmod(cache, mode);
    run();
    expect(await readdir(cache)).toEqual([]);
  });

  it('is not used if it is a link', async () => {
    const { folder, cache, run } = await installCopy();
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere, 0o700);
    await symlink(elsewhere, cache);
    run();
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it.runIf(isRoot)('is not used if another user owns it', async () => {
    const { cache, run } = await installCopy();
    await mkdir(cache, 0o700);
    await chown(cache, 61_234, 61_234);
    run();
    expect(await readdir(cache)).toEqual([]);
  });

  it.each(['.', 'dist'])('is not created if anybody can write to the package: %s', async (place) => {
    const { folder, cache, run } = await installCopy();
    await chmod(join(folder, place), 0o777);
    run();
    await expect(lstat(cache)).rejects.toThrow('ENOENT');
  });
});
