import { spawnSync } from 'node:child_process';
import { rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadedRecord, UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { box, clipBytes } from '../harness/clip-bytes.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { compilePreload } from '../harness/preload.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { type SpawnedCli, spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;
const neverMs = 600_000;
const canPreload = process.platform === 'linux' && spawnSync('gcc', ['--version']).error === undefined;

/** A statement in C. */
const interruptsItself = 'kill(getpid(), SIGINT);';

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

/** A list that names a folder of 100 files again and again: looking up each of its files by name would take seconds. */
async function listOf(count: number): Promise<string> {
  const list = join(await tempDir(), 'list');
  await writeFile(list, `${await imageFolder(100)}\n`.repeat(count / 100));
  return list;
}

/** Behind a folder, makes the records of 70 files more than a pipe holds. */
const longWay = '/.'.repeat(1900);

/** Sends a signal at once; if the program ignores it, the test fails instead of waiting. */
function interrupt(run: SpawnedCli, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
  run.process.kill(signal);
  return run.ended;
}

/** A library that runs those C statements at the nth opening of a file with such a name. */
function preloadAtOpening(name: string, ordinal: number, statements: string): Promise<string> {
  return compilePreload(`
    int open64(const char *path, int flags, ...) {
      static int openings;
      if (endsWith(path, "${name}") && ++openings == ${ordinal}) {
        ${statements}
      }
      int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
      va_list rest;
      va_start(rest, flags);
      return real(path, flags, va_arg(rest, int));
    }
    int open(const char *path, int flags, ...) {
      va_list rest;
      va_start(rest, flags);
      return open64(path, flags, va_arg(rest, int));
    }`);
}

// After 0.8 s, a signal ends the process whatever it is doing, so complete JSON was written in time.
describe('a signal', () => {
  it.each(signals)('%s cancels the uploads in flight, and the JSON is complete', async (signal, code) => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', '-r', await imageFolder(6), '-c', '2', '--json', '-v'], { env });
    await run.waitFor('stderr', '1.png: sending');
    expect(await interrupt(run, signal)).toBe(code);
    const records = JSON.parse(run.stdout()) as UploadRecord[];
    expect(records.map(({ status, index }) => [index, status])).toEqual(
      Array.from({ length: 6 }, (_, i) => [i, 'cancelled']),
    );
    expect(sandbox.maxInFlight).toBeLessThanOrEqual(2);
  });

  it('keeps settled records', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: 'slow', count: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', '-r', await imageFolder(5), '-c', '2', '--format', 'ndjson', '-v'], {
      env,
    });
    // One upload is stuck, and the others overtake it.
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

  it('ends the wait before a retry', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: '429', rate: 1 }], retryAfterSeconds: 300 });
    const run = spawnCli(['upload', night, '--json', '-v'], { env });
    await run.waitFor('stderr', 'nothing is sent for');
    expect(await interrupt(run, 'SIGINT')).toBe(130);
    expect(JSON.parse(run.stdout())).toMatchObject([{ status: 'cancelled', attempts: 1 }]);
  });

  it.each(['-', '--files-from -'])('ends the wait for standard input: upload %s', async (args) => {
    const run = spawnCli(['upload', '--sandbox', '--json', ...args.split(' ')]);
    // More than a pipe holds: once it is written, the program reads and waits for the rest.
    await new Promise((resolve) => run.process.stdin.write(Buffer.alloc(1024 * 1024, 'x'), resolve));
    expect(await interrupt(run, 'SIGTERM')).toBe(143);
    expect(run.stderr()).not.toContain('    at ');
    if (args[0] !== '-') {
      // The files are not known yet.
      expect(run.stdout()).toBe('[]\n');
      expect(run.stderr()).toBe('Interrupted before any file was uploaded. Run the same command again.\n');
    }
  });

  it('ends the measurement of an endless clip', async () => {
    const hostile = clipBytes('clip.mp4');
    // A table of four billion entries.
    hostile.writeUInt32BE(0xffffffff, hostile.indexOf('ctts') + 12);
    const run = spawnCli(['upload', '--sandbox', '--json', '-']);
    // More than a pipe holds: once it is written, the program has read nearly all of it.
    const stdin = Buffer.concat([hostile, box('free', Buffer.alloc(1024 * 1024))]);
    await new Promise<void>((resolve) => run.process.stdin.end(stdin, resolve));
    expect(await interrupt(run, 'SIGTERM')).toBe(143);
    expect(JSON.parse(run.stdout())).toMatchObject([{ path: '-', status: 'cancelled', attempts: 0 }]);
  });

  it('ends the run at once if it is sent twice', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', night, '-v'], { env });
    await run.waitFor('stderr', 'sending');
    run.process.kill('SIGINT');
    expect(await interrupt(run, 'SIGINT')).toBe(130);
  });

  it('ends a run of 200000 files in time, and the JSON is complete', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', '-r', '--files-from', await listOf(200_000), '--json', '-v'], { env });
    await run.waitFor('stderr', 'sending');
    expect(await interrupt(run, 'SIGINT')).toBe(130);
    const records = JSON.parse(run.stdout()) as UploadRecord[];
    expect(records.every(({ status }) => status === 'cancelled')).toBe(true);
    expect(records.at(-1)!.index).toBe(records.length - 1);
  });

  it.skipIf(!canPreload)('ends the check of many files', async () => {
    const dir = await imageFolder(100);
    const preload = await preloadAtOpening('.png', 20, interruptsItself);
    const run = spawnCli(['upload', '--dry-run', '--json', '-r', dir], { env: { LD_PRELOAD: preload } });
    expect(await run.ended).toBe(130);
    const records = JSON.parse(run.stdout()) as UploadRecord[];
    expect(records.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['valid', 'cancelled']));
  });

  it.skipIf(!canPreload)('ends the reading of a large manifest', async () => {
    const manifest = join(await tempDir(), 'manifest.ndjson');
    // As after a power failure, it ends in NUL bytes, which are skipped: in 2 GiB of them, for seconds.
    await writeFile(manifest, '');
    await truncate(manifest, 2 ** 31);
    const preload = await preloadAtOpening('/manifest.ndjson', 1, interruptsItself);
    const run = spawnCli(['upload', '--sandbox', night, '--manifest', manifest, '--json'], {
      env: { LD_PRELOAD: preload },
    });
    expect(await run.ended).toBe(130);
    const records = JSON.parse(run.stdout()) as UploadRecord[];
    expect(records.every(({ status }) => status === 'cancelled')).toBe(true);
    expect((await stat(manifest)).size).toBe(2 ** 31);
  });

  it('leaves complete JSON with a slow reader', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: 'slow', rate: 1 }], slowMs: neverMs });
    const run = spawnCli(['upload', '-r', '--files-from', await listOf(20_000), '--json', '-v'], { env });
    await run.waitFor('stderr', 'sending');
    let text = '';
    run.process.stdout.removeAllListeners('data').pause();
    const reading = setInterval(() => {
      text += run.process.stdout.read(8192) ?? run.process.stdout.read() ?? '';
    }, 10);
    run.process.kill('SIGINT');
    run.process.once('exit', () => {
      clearInterval(reading);
      run.process.stdout
        .on('data', (piece) => {
          text += piece;
        })
        .resume();
    });
    expect(await run.ended).toBe(130);
    expect((JSON.parse(text) as UploadRecord[]).length).toBeGreaterThan(0);
  });

  it.skipIf(!canPreload).each([
    ['during the check', 'check', 1],
    ['during the upload', 'send', 2],
  ])('ends a run that hangs when it opens a file, %s', async (_when, name, opening) => {
    const dir = await imageFolder(3);
    await rename(join(dir, '1.png'), join(dir, '1.hangs.png'));
    const hang = 'fputs("the opening hangs\\n", stderr); sleep(600);';
    const preload = await preloadAtOpening('1.hangs.png', opening, hang);
    const { env } = await sandboxWith();
    const run = spawnCli(['upload', '-r', dir, '--json'], { env: { ...env, LD_PRELOAD: preload } });
    await run.waitFor('stderr', 'the opening hangs');
    // No exit code, but the signal itself: a process with a thread that hangs cannot exit.
    expect(await interrupt(run, 'SIGINT')).toBe('SIGINT');
    const records = JSON.parse(run.stdout()) as UploadRecord[];
    expect(records.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(records[1]).toMatchObject({ status: 'cancelled' });
    expect(name === 'send' || records.every(({ status }) => status === 'cancelled')).toBe(true);
  });

  it('ends a run whose output is not read', async () => {
    const { env } = await sandboxWith();
    const run = spawnCli(['upload', '-r', (await imageFolder(70)) + longWay, '--json', '-v'], { env });
    run.process.stdout.pause();
    await run.waitFor('stderr', ': uploaded in', 70);
    run.process.kill('SIGINT');
    const code = await new Promise((resolve) => run.process.once('exit', resolve));
    expect(code).toBe(130);
  });
});

describe('standard output', () => {
  it('that is closed early ends the run without a stack trace, and nothing new is started', async () => {
    const { sandbox, env } = await sandboxWith({ latencyMs: 20 });
    const run = spawnCli(['upload', '-r', await imageFolder(40), '-c', '2'], { env });
    await run.waitFor('stdout', '\n');
    run.process.stdout.destroy();
    expect(await run.ended).toBe(3);
    expect(run.stderr()).not.toMatch(/EPIPE| {4}at /);
    expect(sandbox.requests.length).toBeLessThan(20);
  });

  it('reaches a slow reader to the last byte', async () => {
    const { env } = await sandboxWith();
    const run = spawnCli(['upload', '-r', (await imageFolder(70)) + longWay, '--json', '-v'], { env });
    run.process.stdout.pause();
    // The results are more than the pipe holds, so the program has to wait for its reader.
    await run.waitFor('stderr', ': uploaded in', 70);
    run.process.stdout.resume();
    expect(await run.ended).toBe(0);
    expect(JSON.parse(run.stdout())).toHaveLength(70);
    expect(run.stdout().length).toBeGreaterThan(2 * 65_536);
  });
});
