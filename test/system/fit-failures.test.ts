import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkFitTools } from '../../src/commands/doctor/check-fit-tools.ts';
import type { CheckResult } from '../../src/commands/doctor/finding.ts';
import { FileError } from '../../src/errors.ts';
import type { FittingPlan } from '../../src/fit/fit-plan.ts';
import type { Environment } from '../../src/host.ts';
import { drawVideo, h264, makeClip, playTone, probeClip } from '../harness/clips.ts';
import { fitFile, planFile, startFitter } from '../harness/fitter.ts';
import { tempDir } from '../harness/temp-dir.ts';

/** Half a minute of work for one processor, so that there is time to interrupt it. */
const long = `${drawVideo('1280x720', 30, 16)} ${h264}`;
const short = `${drawVideo('320x240', 25, 3)} ${h264}`;
const long40 = `${drawVideo('320x240', 10, 40)} ${h264}`;

/** A folder with scripts that replaces PATH; a script `real` is the real program. */
async function path(programs: Readonly<Record<string, string>>): Promise<string> {
  const folder = await tempDir();
  for (const [name, script] of Object.entries(programs)) {
    const file = join(folder, name);
    if (script === 'real') {
      await symlink(execFileSync('which', [name], { encoding: 'utf8' }).trim(), file);
    } else {
      await writeFile(
        file,
        `#!/bin/sh\ncase $1 in -version) echo "${name} version 4.0.1 x"; exit;; esac\n${script}\n`,
      );
      await chmod(file, 0o755);
    }
  }
  return folder;
}

/** The process id of the ffmpeg that writes into that folder, once it runs. */
async function findWriter(folder: string): Promise<number> {
  for (;;) {
    for (const id of await readdir('/proc')) {
      const command = /^\d+$/.test(id) ? await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '') : '';
      if (command.includes('-progress') && command.includes(folder)) {
        return Number(id);
      }
    }
    await sleep(20);
  }
}

async function startFitting(file: string, dependencies: Parameters<typeof startFitter>[0] = {}) {
  const folder = await tempDir();
  const fitter = startFitter({ tempDir: folder, ...dependencies });
  const plan = (await planFile(fitter, file)) as FittingPlan;
  const stop = new AbortController();
  const progress: number[] = [];
  const fitting = fitter.fit(plan, file, stop.signal, (share) => progress.push(share));
  fitting.catch(() => {});
  return { folder, fitter, stop, fitting, progress };
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

describe('ffmpeg', () => {
  test('that is missing is named, with the command that installs it', async () => {
    const file = await makeClip('a.mkv', short);
    for (const [programs, name] of [
      [{}, 'ffprobe'],
      [{ ffprobe: 'real' }, 'ffmpeg'],
      [{ ffmpeg: 'real' }, 'ffprobe'],
    ] as const) {
      const fitter = startFitter({ env: { PATH: await path(programs) } });
      await expect(fitFile(fitter, file)).rejects.toMatchObject({
        code: 'cannot_fit',
        message: `it needs ${name}, which is not on PATH`,
        hint: expect.stringMatching(/^Install it: .*ffmpeg$/i),
      });
    }
  });

  test('that is missing does not stop a file that is accepted', async () => {
    const file = await makeClip('a.mp4', short);
    const fitter = startFitter({ env: { PATH: await path({}) } });
    expect(await planFile(fitter, file, {}, true)).toEqual({
      kind: 'untouched',
      note: expect.stringMatching(/without ffprobe/),
    });
    await expect(planFile(fitter, file, { frame: 'last' }, true)).rejects.toThrow(FileError);
  });

  test('in the working directory is not run', async () => {
    const file = await makeClip('a.mkv', short);
    const folder = await path({ ffprobe: 'touch "$0.ran"; exit 1', ffmpeg: 'touch "$0.ran"; exit 1' });
    const before = process.cwd();
    process.chdir(folder);
    onTestFinished(() => process.chdir(before));
    const fitter = startFitter({ env: { PATH: ['.', '', 'bin'].join(delimiter) } });
    await expect(fitFile(fitter, file)).rejects.toMatchObject({ message: /not on PATH/ });
    expect((await readdir(folder)).sort()).toEqual(['ffmpeg', 'ffprobe']);
  });

  test.each<[name: string, script: string, message: RegExp]>([
    ['that is too old for an option', `echo "Unrecognized option 'fps_mode'." >&2; exit 1`, /too old/],
    [
      'without an encoder',
      `echo "Unknown encoder 'libx264'" >&2; exit 1`,
      /built without the encoder that it needs/,
    ],
    ['that crashes', 'kill -SEGV $$', /crashed or was killed/],
    ['that fails', 'echo "[aac @ 0x563c] something odd" >&2; exit 7', /^ffmpeg failed: something odd$/],
    [
      'that decodes nothing',
      'echo "Cannot determine format of input stream 0:0 after EOF" >&2; echo "Error marking filters as finished" >&2; exit 1',
      /^it cannot be decoded: ffmpeg gets no picture or sound out of it$/,
    ],
    ['that hangs', 'sleep 1000', /made no progress/],
    ['that hangs with a child that holds its output', 'sleep 1000 & sleep 1000 & wait', /made no progress/],
    [
      'that says the disk is full',
      'echo "av_interleaved_write_frame(): No space left on device" >&2; exit 0',
      /not enough disk space/,
    ],
    ['that writes nothing', 'exit 0', /wrote no output/],
  ])('%s fails the file', async (_name, script, message) => {
    const file = await makeClip('a.mkv', short);
    const folder = await path({ ffmpeg: script, ffprobe: 'real' });
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}` };
    await expect(fitFile(startFitter({ env, stallMs: 4000 }), file)).rejects.toMatchObject({
      code: 'cannot_fit',
      message: expect.stringMatching(message),
    });
  });

  test('gets no token, and takes no file name for an option', async () => {
    const made = await makeClip('a.mkv', short);
    const file = join(made, '..', '-i:%d concat:x.mkv');
    await rename(made, file);
    const folder = await path({ ffprobe: 'real' });
    const log = join(folder, 'log');
    const real = execFileSync('which', ['ffmpeg'], { encoding: 'utf8' }).trim();
    await writeFile(join(folder, 'ffmpeg'), `#!/bin/sh\nenv > ${log}\nexec ${real} "$@"\n`, { mode: 0o755 });
    const env = {
      ...process.env,
      DREAMINA_TOKEN: 'secret-token',
      USEAPI_TOKEN: 'secret-too',
      PATH: `${folder}${delimiter}${process.env.PATH}`,
    };
    const fitted = await fitFile(startFitter({ env }), file);
    expect((await probeClip(fitted.path)).video?.codec_name).toBe('h264');
    expect(await readFile(log, 'utf8')).not.toMatch(/secret/);
  });
});

describe('the real ffmpeg', () => {
  test('reports progress', async () => {
    const { fitting, progress } = await startFitting(await makeClip('a.mkv', long));
    await fitting;
    expect(progress.length).toBeGreaterThan(2);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBeGreaterThan(0.9);
  });

  test('is stopped by an interruption, and leaves nothing', async () => {
    const { folder, fitter, fitting, stop, progress } = await startFitting(await makeClip('a.mkv', long));
    const id = await findWriter(folder);
    const interruption = new Error('interrupted');
    stop.abort(interruption);
    await expect(fitting).rejects.toBe(interruption);
    await fitter.close();
    expect(isRunning(id)).toBe(false);
    // Without the interruption, it would have run to the end.
    expect(progress.at(-1) ?? 0).toBeLessThan(0.9);
    expect(await readdir(folder)).toEqual([]);
  });

  test('fails the file if it is killed', async () => {
    const { folder, fitting } = await startFitting(await makeClip('a.mkv', long));
    process.kill(await findWriter(folder), 'SIGKILL');
    await expect(fitting).rejects.toMatchObject({ code: 'cannot_fit', message: /crashed or was killed/ });
  });

  test('is killed if it is suspended', async () => {
    const { folder, fitting } = await startFitting(await makeClip('a.mkv', long), { stallMs: 4000 });
    const id = await findWriter(folder);
    process.kill(id, 'SIGSTOP');
    await expect(fitting).rejects.toMatchObject({ code: 'cannot_fit', message: /made no progress/ });
    expect(isRunning(id)).toBe(false);
  });

  test('fails the file on a small disk', async (context) => {
    const disk = await tempDir();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      context.skip('takes the right to mount');
    }
    onTestFinished(() => void execFileSync('umount', ['-l', disk]));
    const file = await makeClip('a.mkv', long);
    await expect(fitFile(startFitter({ tempDir: disk }), file)).rejects.toMatchObject({
      code: 'cannot_fit',
      message: expect.stringMatching(/not enough disk space/),
    });
  });

  test('has at most one process for two processors', async () => {
    const folder = await tempDir();
    const fitter = startFitter({ tempDir: folder, cores: 2 });
    const files = await Promise.all(['a.mkv', 'b.mkv', 'c.mkv'].map((name) => makeClip(name, long)));
    const stop = new AbortController();
    const plans = await Promise.all(files.map((file) => planFile(fitter, file)));
    let fittings: readonly Promise<unknown>[] = [];
    // At the time of its first report, the others would have started too.
    await new Promise<unknown>((onProgress) => {
      fittings = files.map((file, i) => fitter.fit(plans[i] as FittingPlan, file, stop.signal, onProgress));
    });
    const commands = await Promise.all(
      (await readdir('/proc')).map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')),
    );
    expect(commands.filter((it) => it.includes('-progress') && it.includes(folder))).toHaveLength(1);
    stop.abort(new Error('enough'));
    expect((await Promise.allSettled(fittings)).map(({ status }) => status)).toEqual(
      Array(3).fill('rejected'),
    );
  });
});

describe('fitting a clip', () => {
  test.each([
    ['a part after the end', { trim: { kind: 'part', startMs: 50_000, endMs: 60_000 } }, /outside/],
    ['a frame after the end', { frame: { atMs: 99_000 } }, /no frame at 99 s: it lasts 40 s/],
  ] as const)('refuses %s', async (_name, edits, message) => {
    await expect(fitFile(startFitter(), await makeClip('a.mp4', long40), edits)).rejects.toMatchObject({
      code: 'cannot_fit',
      message: expect.stringMatching(message),
    });
  });

  test('refuses clips that are cut in half', async () => {
    const file = await makeClip('a.mkv', `${drawVideo('320x240', 25, 20)} ${playTone(20)} ${h264} -c:a aac`);
    const whole = await readFile(file);
    for (const length of [300, 40]) {
      await writeFile(file, whole.subarray(0, length));
      await expect(planFile(startFitter(), file)).rejects.toMatchObject({ code: 'cannot_fit' });
    }
  });

  test("refuses files that only have a clip's extension", async () => {
    const file = join(await tempDir(), 'a.mkv');
    await writeFile(file, 'no clip');
    expect(await planFile(startFitter(), file)).toEqual({ kind: 'untouched' });
  });
});

test('converts a BMP, whose rows are upside down, and a transparent one', async () => {
  const file = await makeClip('a.bmp', `-f lavfi -i testsrc2=size=64x48 -frames:v 1`);
  const fitted = await fitFile(startFitter(), file);
  expect(fitted.contentType).toBe('image/png');
  const { video } = await probeClip(fitted.path);
  expect(video).toMatchObject({ width: 64, height: 48, pix_fmt: 'rgb24' });
  const clear = await makeClip('b.bmp', `-f lavfi -i color=c=red@0.5:size=64x48,format=bgra -frames:v 1`);
  expect((await probeClip((await fitFile(startFitter(), clear)).path)).video?.pix_fmt).toBe('rgba');
});

test('lists the tools with their versions, or the commands that install them', async () => {
  const list = async (env: Environment, platform: NodeJS.Platform) => {
    const results: CheckResult[] = [];
    for await (const result of checkFitTools({ env, platform, signal: new AbortController().signal })) {
      results.push(result);
    }
    return results;
  };
  expect(await list(process.env, 'linux')).toMatchObject(
    ['sharp', 'heic-decode', 'ffmpeg', 'ffprobe'].map((check) => ({
      check,
      status: 'ok',
      message: expect.stringMatching(new RegExp(`^${check} \\d+\\.\\d+`)),
    })),
  );
  const advice = 'To install it: brew install ffmpeg';
  expect((await list({ PATH: await path({}) }, 'darwin')).slice(2)).toMatchObject([
    { check: 'ffmpeg', status: 'skipped', advice },
    { check: 'ffprobe', status: 'skipped', advice },
  ]);
});
