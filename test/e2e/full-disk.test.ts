import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;
const noSpace = 'error: standard output cannot be written: no space is left on the disk\n';

describe.skipIf(process.platform !== 'linux')('standard output that cannot be written', () => {
  it.each([
    [['--version']],
    [['--help']],
    [['upload', '--help']],
    [[]],
    [['config']],
    [['config', '--json']],
    [['doctor']],
    [['doctor', '--json']],
    [['accounts']],
    [['accounts', '--json']],
    [['completion', 'bash']],
    [['completion', 'zsh']],
    [['completion', 'fish']],
    [['sandbox']],
    [['upload', '--dry-run', '--json', night]],
  ])('on a full disk is an error for dreamina %j', async (args) => {
    const { env } = await sandboxWith();
    const run = spawnCli(args, { env, shell: 'exec > /dev/full' });
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain(noSpace);
    expect(run.stderr()).not.toContain('    at ');
  });

  it('because it is read-only is reported in words, too', async () => {
    const run = spawnCli(['config'], { shell: 'exec 1< /dev/null' });
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(/^error: standard output cannot be written: /m);
  });

  it.each(['text', 'json', 'ndjson', 'frames'])(
    'on a full disk loses no reference of four uploads in flight: --format %s',
    async (format) => {
      const folder = await imageFolder(4);
      let pending: (() => void)[] = [];
      const server = await rawServer((response, _request, ordinal) => {
        pending.push(() => sendJson(response, 200, { imageRef: `reference/${ordinal}` }));
        if (pending.length === 4) {
          for (const answer of pending) {
            answer();
          }
          pending = [];
        }
      });
      const run = spawnCli(['upload', '-r', folder, '--format', format, '-q'], {
        env: server.env,
        shell: 'exec > /dev/full',
      });
      expect(await run.ended).toBe(1);
      const lines = run.stderr().trimEnd().split('\n');
      expect(lines[0]).toBe(noSpace.trimEnd());
      expect(lines.slice(1).map((line) => line.replace(/: reference.*$/, ''))).toEqual(
        [0, 1, 2, 3].map((i) => `error: not printed: ${join(folder, `${i}.png`)}`),
      );
      expect(new Set(lines.slice(1).map((line) => line.split('/').at(-1)))).toEqual(
        new Set(['0', '1', '2', '3']),
      );
    },
  );

  it('on a full disk stops new uploads', async () => {
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
