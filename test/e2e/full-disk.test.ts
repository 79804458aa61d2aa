import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageFolder } from '../harness/image-folder.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

describe.skipIf(process.platform !== 'linux')('standard output that cannot be written', () => {
  // Every other command writes as config does, and help has a way of its own.
  it.each(['--help', 'config'])('on a full disk is an error for dreamina %s', async (arg) => {
    const run = spawnCli([arg], { shell: 'exec > /dev/full' });
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toBe('error: standard output cannot be written: no space is left on the disk\n');
  });

  it('because it is read-only is reported in words, too', async () => {
    const run = spawnCli(['config'], { shell: 'exec 1< /dev/null' });
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(/^error: standard output cannot be written: /m);
  });

  it('on a full disk stops new uploads, and loses no reference', async () => {
    const { sandbox, env } = await sandboxWith({ latencyMs: 20 });
    const run = spawnCli(['upload', '-r', await imageFolder(40), '-c', '2'], {
      env,
      shell: 'exec > /dev/full',
    });
    expect(await run.ended).toBe(1);
    expect(sandbox.requests.length).toBeLessThan(20);
    for (const { imageRef } of sandbox.assets) {
      expect(run.stderr()).toContain(imageRef);
    }
  });

  it('on a disk with room for only a part loses no reference', async () => {
    const { sandbox, env } = await sandboxWith();
    const out = join(await tempDir(), 'out');
    // The file may have 512 bytes: the reference at that offset is cut.
    const run = spawnCli(['upload', '-r', await imageFolder(12)], {
      env: { ...env, OUT: out },
      shell: 'ulimit -f 1; trap "" XFSZ; exec > "$OUT"',
    });
    expect(await run.ended).toBe(1);
    const printed = (await readFile(out, 'utf8')).split('\n').slice(0, -1);
    expect(printed.length).toBeGreaterThan(0);
    expect(sandbox.assets.length).toBeGreaterThan(printed.length);
    for (const { assetRef } of sandbox.assets) {
      expect(printed.includes(assetRef) || run.stderr().includes(assetRef)).toBe(true);
    }
  });
});
