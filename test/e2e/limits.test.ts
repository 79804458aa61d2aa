import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { wav } from '../harness/clip-bytes.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const onPosix = describe.skipIf(process.platform === 'win32');

onPosix('a limit on open files', () => {
  it.each([
    ['40', '64'],
    ['64', '64'],
    ['40', '8'],
    // Fewer files than the check opens.
    ['30', '4'],
  ])('of %s does not cost any file its reference, with -c %s', async (limit, concurrency) => {
    const { sandbox, env } = await sandboxWith({ latencyMs: 50 });
    const cli = spawnCli(
      ['upload', '-r', await imageFolder(100), '-c', concurrency, '--retries', '0', '--json', '-v'],
      { env, shell: `ulimit -n ${limit}` },
    );
    expect(await cli.ended, cli.stderr()).toBe(0);
    const records = JSON.parse(cli.stdout()) as UploadRecord[];
    expect(records.map(({ status, attempts }) => [status, attempts])).toEqual(
      records.map(() => ['uploaded', 1]),
    );
    expect(sandbox.assets).toHaveLength(100);
  });
});

describe.runIf(process.platform === 'linux')('a limit on memory', () => {
  it('is reported as such, and not retried', async () => {
    const { sandbox, env } = await sandboxWith();
    // Affects the HTTP parser in every version of Node; newer ones get by with what `ulimit -v` leaves.
    const limit = join(await tempDir(), 'limit.cjs');
    await writeFile(limit, "require('node:v8').setFlagsFromString('--wasm-max-mem-pages=1');");
    const cli = spawnCli(['upload', '-r', await imageFolder(2), '--json'], {
      env: { ...env, NODE_OPTIONS: `--require ${limit}` },
    });
    expect(await cli.ended).toBe(1);
    const records = JSON.parse(cli.stdout()) as UploadRecord[];
    expect(records).toEqual(
      records.map(() =>
        expect.objectContaining({
          status: 'failed',
          attempts: 1,
          error: expect.objectContaining({
            message: expect.stringMatching(/out of memory/i),
            hint: expect.stringContaining('more memory'),
            retryable: false,
          }),
        }),
      ),
    );
    expect(cli.stderr()).not.toContain('connection');
    expect(sandbox.requests).toEqual([]);
  });
});

it.each([
  ['a picture', async () => readFile(fixture('dunes.webp').file)],
  ['a sound', async () => wavHeader(fillerBytes)],
])('standard input is in memory once: %s', async (_what, makeHead) => {
  const tell = join(await tempDir(), 'tell.cjs');
  await writeFile(tell, "process.on('exit', () => console.error('KiB', process.resourceUsage().maxRSS));");
  const cli = spawnCli(['upload', '-', '--sandbox', '--no-limits', '--retries', '0'], {
    env: { NODE_OPTIONS: `--require ${tell}` },
  });
  const filler = Buffer.alloc(1_000_000);
  const pieces = [await makeHead(), ...Array<Buffer>(fillerBytes / filler.length).fill(filler)];
  await pipeline(Readable.from(pieces), cli.process.stdin);
  expect(await cli.ended).toBe(1);
  expect(cli.stderr()).toContain('is too large: ');
  const [, usedKib] = /KiB (\d+)/.exec(cli.stderr())!;
  // The program itself takes a hundred million.
  expect(Number(usedKib) * 1024).toBeLessThan(1.8 * fillerBytes);
});

const fillerBytes = 300_000_000;

/** The beginning of a WAV of so many bytes of samples. */
function wavHeader(bytes: number): Buffer {
  const header = wav(1000).subarray(0, 44);
  header.writeUInt32LE(36 + bytes, 4);
  header.writeUInt32LE(bytes, 40);
  return header;
}
