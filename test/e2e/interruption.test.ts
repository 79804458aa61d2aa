import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadedRecord, UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { type SpawnedCli, spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;
const neverMs = 600_000;

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

async function folderOf(count: number, suffix = ''): Promise<string> {
  const dir = await tempDir();
  for (let i = 0; i < count; i += 1) {
    await copyFile(night, join(dir, `${i}${suffix}.png`));
  }
  return dir;
}

/** Makes the records of a few hundred files larger than what a pipe holds. */
const longSuffix = '-'.repeat(200);

/** Sends a signal at once, and lets the test fail rather than wait where the program does not heed it. */
function interrupt(run: SpawnedCli, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
  run.process.kill(signal);
  return run.ended;
}

describe('a signal', () => {
  it.each(signals)('%s ends what is in flight, and the JSON is whole', async (signal, code) => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', '-r', await folderOf(6), '-c', '2', '--json', '-v'], { env });
    await run.waitFor('stderr', '1.png: sending');
    expect(await interrupt(run, signal)).toBe(code);
    const records = JSON.parse(run.stdout()) as UploadRecord[];
    expect(records.map(({ status, index }) => [index, status])).toEqual(
      Array.from({ length: 6 }, (_, i) => [i, 'cancelled']),
    );
    expect(sandbox.maxInFlight).toBeLessThanOrEqual(2);
  });

  it('keeps what is settled', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: 'slow', count: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', '-r', await folderOf(5), '-c', '2', '--format', 'ndjson', '-v'], { env });
    // One is stuck and the others go past it.
    await run.waitFor('stderr', ': uploaded in', 4);
    expect(await interrupt(run, 'SIGINT')).toBe(130);
    const records = run
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as UploadRecord);
    expect(records.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(records.map(({ status }) => status).sort()).toEqual(['cancelled', ...Array(4).fill('uploaded')]);
    const known = new Set(sandbox.assets.map(({ imageRef }) => imageRef));
    for (const record of records) {
      expect(record.status === 'cancelled' || known.has((record as UploadedRecord).imageRef)).toBe(true);
    }
  });

  it('ends the wait before another try', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: '429', rate: 1 }], retryAfterSeconds: 300 });
    const run = spawnCli(['upload', night, '--json', '-v'], { env });
    await run.waitFor('stderr', 'nothing is sent for');
    expect(await interrupt(run, 'SIGINT')).toBe(130);
    expect(JSON.parse(run.stdout())).toMatchObject([{ status: 'cancelled', attempts: 1 }]);
  });

  it.each(['-', '--files-from -'])('ends the wait for standard input: upload %s', async (args) => {
    const run = spawnCli(['upload', '--sandbox', '--json', ...args.split(' ')]);
    // More than a pipe holds: once it is gone, the program reads and waits for the rest.
    await new Promise((resolve) => run.process.stdin.write(Buffer.alloc(1024 * 1024, 'x'), resolve));
    expect(await interrupt(run, 'SIGTERM')).toBe(143);
    expect(run.stderr()).not.toContain('    at ');
  });

  it('given twice ends it at once', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', night, '-v'], { env });
    await run.waitFor('stderr', 'sending');
    run.process.kill('SIGINT');
    expect(await interrupt(run, 'SIGINT')).toBe(130);
  });

  it('ends it although nobody reads what it prints', async () => {
    const dir = await folderOf(250, longSuffix);
    const { env } = await sandboxWith();
    const run = spawnCli(['upload', '-r', dir, '-c', '16', '--json', '-v'], { env });
    run.process.stdout.pause();
    await run.waitFor('stderr', ': uploaded in', 250);
    run.process.kill('SIGINT');
    const code = await new Promise((resolve) => run.process.once('exit', resolve));
    expect(code).toBe(130);
  });
});

describe('standard output', () => {
  it('that is closed early ends the run without a stack trace, and nothing new is started', async () => {
    const { sandbox, env } = await sandboxWith({ latencyMs: 20 });
    const run = spawnCli(['upload', '-r', await folderOf(40), '-c', '2'], { env });
    await run.waitFor('stdout', '\n');
    run.process.stdout.destroy();
    expect(await run.ended).toBe(3);
    expect(run.stderr()).not.toMatch(/EPIPE| {4}at /);
    expect(sandbox.requests.length).toBeLessThan(20);
  });

  it.skipIf(process.platform !== 'linux')(
    'that is full is an error, and the reference is not lost',
    async () => {
      const { sandbox, env } = await sandboxWith();
      const run = spawnCli(['upload', night], { env, shell: 'exec > /dev/full' });
      expect(await run.ended).toBe(1);
      expect(run.stderr()).toBe(
        `error: standard output cannot be written: no space is left on the disk; this was not printed:\n  ${sandbox.assets[0]!.imageRef}\n`,
      );
    },
  );

  it('reaches a slow reader to the last byte', async () => {
    const { env } = await sandboxWith();
    const run = spawnCli(['upload', '-r', await folderOf(300, longSuffix), '-c', '16', '--json', '-v'], {
      env,
    });
    run.process.stdout.pause();
    // The results are more than the pipe holds, so the program has to wait for its reader.
    await run.waitFor('stderr', ': uploaded in', 300);
    run.process.stdout.resume();
    expect(await run.ended).toBe(0);
    expect(JSON.parse(run.stdout())).toHaveLength(300);
    expect(run.stdout().length).toBeGreaterThan(2 * 65_536);
  });
});
