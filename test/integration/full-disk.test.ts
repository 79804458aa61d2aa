import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { rawServer, sendJson } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';

const noSpace = 'error: standard output cannot be written: no space is left on the disk\n';

/** Fails as a write to a full disk does. */
const onStdout = (text: string) => appendFile('/dev/full', text);

describe.skipIf(process.platform !== 'linux')('standard output on a full disk', () => {
  it.each([
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
    [['upload', '--dry-run', '--json', fixture('night.png').file]],
  ])('is an error for dreamina %j', async (args) => {
    const { env } = await sandboxWith();
    const { exitCode, stderr } = await runCli(args, { env, onStdout });
    expect(stderr).toContain(noSpace);
    expect(exitCode).toBe(1);
  });

  it.each(['text', 'json', 'ndjson', 'frames'])(
    'loses no reference of four uploads in flight: --format %s',
    async (format) => {
      const folder = await imageFolder(4);
      const pending: (() => void)[] = [];
      const { env } = await rawServer((response, _request, ordinal) => {
        pending.push(() => sendJson(response, 200, { imageRef: `reference/${ordinal}` }));
        if (pending.length === 4) {
          for (const answer of pending) {
            answer();
          }
        }
      });
      const { exitCode, stderr } = await runCli(['upload', '-r', folder, '--format', format, '-q'], {
        env,
        onStdout,
      });
      expect(exitCode).toBe(1);
      const [error, ...unprinted] = stderr.trimEnd().split('\n');
      expect(`${error}\n`).toBe(noSpace);
      expect(unprinted.map((line) => line.replace(/\d$/, ''))).toEqual(
        [0, 1, 2, 3].map((i) => `error: not printed: ${join(folder, `${i}.png`)}: reference/`),
      );
      expect(unprinted.map((line) => line.at(-1)).sort()).toEqual(['0', '1', '2', '3']);
    },
  );
});
