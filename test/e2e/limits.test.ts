import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { wav } from '../harness/clip-bytes.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { answering, rawServer } from '../harness/raw-server.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

it.skipIf(process.platform === 'win32')('a limit on open files costs no file its reference', async () => {
  const { sandbox, env } = await sandboxWith({ latencyMs: 50 });
  // Node leaves fewer than the check opens at once, and than the uploads that may be in flight.
  const cli = spawnCli(['upload', '-r', await imageFolder(40), '-c', '64', '--retries', '0', '--json'], {
    env,
    shell: 'ulimit -n 30',
  });
  expect(await cli.ended, cli.stderr()).toBe(0);
  const records = JSON.parse(cli.stdout()) as UploadRecord[];
  expect(records.map(({ status, attempts }) => [status, attempts])).toEqual(
    records.map(() => ['uploaded', 1]),
  );
  expect(sandbox.assets).toHaveLength(40);
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

it('standard input is in memory once', async () => {
  const tell = join(await tempDir(), 'tell.cjs');
  await writeFile(tell, "process.on('exit', () => console.error('KiB', process.resourceUsage().maxRSS));");
  // It does not read the body, so that only holding it takes time.
  const { env, count } = await rawServer(answering(413, {}), { drain: false });
  const cli = spawnCli(['upload', '-', '--no-limits'], {
    env: { ...env, NODE_OPTIONS: `--require ${tell}` },
  });
  const bytes = 150_000_000;
  // A sound, which a thread measures.
  const pieces = [wavHeader(bytes), ...Array<Buffer>(150).fill(Buffer.alloc(bytes / 150))];
  await pipeline(Readable.from(pieces), cli.process.stdin);
  expect(await cli.ended, cli.stderr()).toBe(1);
  expect(count()).toBe(1);
  const [, usedKib] = /KiB (\d+)/.exec(cli.stderr())!;
  // The program itself takes a hundred million.
  expect(Number(usedKib) * 1024).toBeLessThan(100_000_000 + 1.5 * bytes);
});

/** The beginning of a WAV of so many bytes of samples. */
function wavHeader(bytes: number): Buffer {
  const header = wav(1000).subarray(0, 44);
  header.writeUInt32LE(36 + bytes, 4);
  header.writeUInt32LE(bytes, 40);
  return header;
}
