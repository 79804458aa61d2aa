import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { compilePreload } from '../harness/preload.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

test.runIf(process.platform === 'linux')(
  'a converted file that cannot be removed does not cost a reference',
  async () => {
    const folder = await tempDir();
    const background = { r: 240, g: 120, b: 30 };
    const gif = await sharp({ create: { width: 40, height: 30, channels: 3, background } })
      .gif()
      .toBuffer();
    const files = ['a.gif', 'b.gif'].map((name) => join(folder, name));
    await Promise.all(files.map((file) => writeFile(file, gif)));
    const preload = await compilePreload(`
    #include <errno.h>
    int unlink(const char *path) {
      if (endsWith(path, ".png")) {
        errno = EBUSY;
        return -1;
      }
      int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
      return real(path);
    }`);
    const { sandbox, env } = await sandboxWith();
    const run = spawnCli(['upload', '--fit', '-c', '1', ...files], {
      env: { ...env, LD_PRELOAD: preload, TMPDIR: await tempDir() },
    });
    expect(await run.ended).toBe(0);
    expect(sandbox.assets).toHaveLength(2);
    expect(run.stdout()).toBe(sandbox.assets.map(({ assetRef }) => `${assetRef}\n`).join(''));
    expect(run.stderr()).not.toContain('EBUSY');
  },
);
