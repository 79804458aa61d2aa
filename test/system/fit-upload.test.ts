import { copyFile, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { uploadFiles } from '../../src/library.ts';
import type { UploadRecord } from '../../src/upload/record.ts';
import { drawVideo, h264, makeClip, playTone } from '../harness/clips.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const { PATH } = process.env;
const small = `${drawVideo('320x240', 25, 3)} ${h264}`;
/** Half a minute of work for one processor. */
const large = `${drawVideo('1920x1080', 30, 40)} ${h264}`;

/** The ffmpeg processes that work in that folder. */
async function findFfmpeg(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of await readdir('/proc')) {
    const command = /^\d+$/.test(id) ? await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '') : '';
    if (command.includes('-progress') && command.includes(folder)) {
      found.push(id);
    }
  }
  return found;
}

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await sleep(20);
  }
}

function recordsOf(lines: readonly string[]): readonly UploadRecord[] {
  return lines.map((line) => JSON.parse(line));
}

describe('a run with --fit', () => {
  it('sends a Matroska of 40 s only once, with or without ffmpeg', async () => {
    const file = await makeClip(
      'long.mkv',
      `${drawVideo('320x240', 25, 40)} ${playTone(40)} ${h264} -c:a aac`,
    );
    const { sandbox, env } = await sandboxWith();
    const cwd = dirname(file);
    const args = ['upload', '--fit', 'long.mkv', '--format', 'ndjson', '--manifest', 'm.ndjson'];
    const first = await runCli(args, { cwd, env: { ...env, PATH } });
    expect(first.exitCode, first.stderr).toBe(0);
    expect(recordsOf(first.lines)).toMatchObject([
      {
        status: 'uploaded',
        type: 'video',
        contentType: 'video/mp4',
        width: 320,
        height: 240,
        fitted: ['converted from Matroska', 'cut to its first 15.3 s', 'encoded as H.264 in MP4'],
        source: { contentType: 'video/matroska' },
      },
    ]);
    const second = await runCli(args, { cwd, env });
    const [before, after] = [first, second].map(({ lines }) => recordsOf(lines)[0]);
    expect(after).toMatchObject({ status: 'reused', assetRef: (before as { assetRef: string }).assetRef });
    expect(sandbox.requests).toHaveLength(1);
  });

  it('uses the last frame of one clip and the first frame of the next for a request', async () => {
    const [a, b] = [await makeClip('a.mp4', small), await makeClip('b.mp4', small)];
    const { exitCode, stderr, json } = await runCli(
      ['upload', '--sandbox', '--format', 'frames', `${a}#frame=last`, `${b}#frame=first&aspect=4:3`],
      { env: { PATH } },
    );
    expect(exitCode, stderr).toBe(0);
    expect(Object.keys(json<object>())).toEqual(['firstFrameRef', 'endFrameRef']);
    expect(stderr).toContain('last frame taken');
  });

  it('checks the converted files against the rules of a request object', async () => {
    const file = await makeClip('long.mkv', `${drawVideo('320x240', 10, 40)} ${h264}`);
    const { sandbox, env } = await sandboxWith();
    const { exitCode, stderr } = await runCli(
      ['upload', '--fit', '--format', 'omni', `${file}#trim=0-9`, `${file}#trim=9-18`],
      { env: { ...env, PATH } },
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('15.4 s of video together; there are 18.0 s');
    expect(sandbox.requests).toEqual([]);
  });

  it('converts the next file while one is sent, even with -c 1', async () => {
    const first = await makeClip('first.mkv', small);
    const second = await makeClip('second.mkv', small);
    const { env } = await sandboxWith({ latencyMs: 30_000 });
    const stop = new AbortController();
    const seen: string[] = [];
    const records = await uploadFiles([first, second], {
      token: env.DREAMINA_TOKEN!,
      account: env.DREAMINA_ACCOUNT!,
      apiUrl: env.DREAMINA_API_URL!,
      concurrency: 1,
      fit: true,
      env: { PATH },
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'attempt-started' || event.type === 'fitted') {
          seen.push(`${event.type} ${event.path}`);
        }
        if (event.type === 'fitted' && event.path === second) {
          stop.abort();
        }
      },
    });
    expect(seen).toEqual([`fitted ${first}`, `attempt-started ${first}`, `fitted ${second}`]);
    expect(records.map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
  });

  // After 0.8 s, a signal ends the process whatever it is doing, and the folder would remain.
  it('stops ffmpeg in time after SIGINT, and leaves nothing', async () => {
    const file = await makeClip('large.mkv', large);
    const temporary = await tempDir();
    const cli = spawnCli(['upload', '--sandbox', '--fit', file, '--json'], { env: { TMPDIR: temporary } });
    await waitUntil(async () => (await findFfmpeg(temporary)).length > 0);
    cli.process.kill('SIGINT');
    expect(await cli.ended).toBe(130);
    expect(JSON.parse(cli.stdout())).toMatchObject([{ status: 'cancelled' }]);
    // It was killed, but the system may take a moment to end it.
    await expect.poll(() => findFfmpeg(temporary)).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('removes the files of a killed run', async () => {
    const file = await makeClip('large.mkv', large);
    const next = await makeClip('next.mkv', small);
    const temporary = await tempDir();
    const cli = spawnCli(['upload', '--sandbox', '--fit', file], { env: { TMPDIR: temporary } });
    await waitUntil(async () => (await findFfmpeg(temporary)).length > 0);
    cli.process.kill('SIGKILL');
    await cli.ended;
    for (const id of await findFfmpeg(temporary)) {
      process.kill(Number(id), 'SIGKILL');
    }
    expect(await readdir(temporary)).toHaveLength(1);
    const { exitCode } = await runCli(['upload', '--sandbox', '--fit', next], {
      env: { PATH },
      tempDir: temporary,
    });
    expect(exitCode).toBe(0);
    expect(await readdir(temporary)).toEqual([]);
  });

  it.each([
    ['--trim', '50-60', /outside the clip: it lasts 40/],
    ['--frame', '99', /no frame at 99 s: it lasts 40/],
  ])('reports %s %s of a clip of 40 s as the failure of that file', async (flag, value, words) => {
    const file = await makeClip('long.mkv', `${drawVideo('320x240', 10, 40)} ${h264}`);
    const result = await runCli(['upload', '--sandbox', '--json', flag, value, file], { env: { PATH } });
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject([
      { error: { code: 'cannot_fit', message: expect.stringMatching(words) } },
    ]);
  });

  it('accepts names that look like ffmpeg options or URLs', async () => {
    const folder = dirname(await makeClip('a%03d.mkv', small));
    const names = ['-i.mkv', 'http:x.mkv', 'concat:a|b.mkv', 'a%d.mkv'];
    for (const name of names) {
      await copyFile(join(folder, 'a%03d.mkv'), join(folder, name));
    }
    const { exitCode, stderr } = await runCli(['upload', '--sandbox', '--fit', '-r', '.'], {
      cwd: folder,
      env: { PATH },
    });
    expect(exitCode, stderr).toBe(0);
  });
});
