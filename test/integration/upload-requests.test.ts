import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clip, fixture } from '../fixtures.ts';
import { clipBytes, lasting, wav } from '../harness/clip-bytes.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const mp4 = clipBytes('clip.mp4');
const [night, sunset, logo] = [
  fixture('night.png').file,
  fixture('sunset.jpg').file,
  fixture('logo.webp').file,
];
const [video, movie, tone, longTone] = [
  clip('clip.mp4').file,
  clip('clip.mov').file,
  clip('tone.m4a').file,
  clip('tone.mp3').file,
];

/** Uploads one by one, so that the assets of the sandbox are in the order of the files. */
async function upload(format: string, files: readonly string[], ...flags: readonly string[]) {
  const { sandbox, env } = await sandboxWith();
  const result = await runCli(['upload', '-c', '1', '--format', format, ...files, ...flags], { env });
  return { ...result, sandbox, references: sandbox.assets.map(({ assetRef }) => assetRef) };
}

/** Expects a usage error before anything is sent. */
async function expectUsageError(format: string, args: readonly string[], ...messages: readonly string[]) {
  const { exitCode, stdout, stderr, sandbox } = await upload(format, args);
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: messages.map((message) => `error: ${message}\n`).join(''),
  });
  expect(sandbox.requests).toEqual([]);
}

describe('--format omni', () => {
  it('prints an object of an image, a video and an audio file, and the names for the prompt', async () => {
    const { exitCode, stderr, references, json } = await upload('omni', [night, video, tone]);
    expect(exitCode).toBe(0);
    expect(json()).toEqual({
      omni_1_imageRef: references[0],
      omni_1_videoRef: references[1],
      omni_1_audioRef: references[2],
    });
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      `@image1  ${night}`,
      `@video1  ${video}`,
      `@audio1  ${tone}`,
    ]);
    expect(stderr).toMatch(/\n3 uploaded \(.*\)\n$/);
  });

  it('numbers within each type, in the order of the files', async () => {
    const files = [longTone, night, movie, sunset, video, tone];
    const { references, json, stderr, stdout } = await upload('omni', files);
    expect(json()).toEqual({
      omni_1_audioRef: references[0],
      omni_1_imageRef: references[1],
      omni_1_videoRef: references[2],
      omni_2_imageRef: references[3],
      omni_2_videoRef: references[4],
      omni_2_audioRef: references[5],
    });
    expect(stdout.match(/omni_\d_\w+/g)).toEqual([
      'omni_1_audioRef',
      'omni_1_imageRef',
      'omni_1_videoRef',
      'omni_2_imageRef',
      'omni_2_videoRef',
      'omni_2_audioRef',
    ]);
    expect(stderr.match(/^@\w+/gm)).toEqual([
      '@audio1',
      '@image1',
      '@video1',
      '@image2',
      '@video2',
      '@audio2',
    ]);
  });

  it('prints no names with -q or in a dry run', async () => {
    expect((await upload('omni', [night, sunset], '-q')).stderr).toBe('');
    const dry = await upload('omni', [night, sunset], '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0, stdout: '', stderr: '2 valid\n' });
  });

  it('accepts nine images, three videos and three audio files', async () => {
    const files = [...Array(9).fill(night), ...Array(3).fill(video), ...Array(3).fill(tone)];
    const { exitCode, json, sandbox } = await upload('omni', files);
    expect(exitCode).toBe(0);
    expect(Object.keys(json<object>())).toHaveLength(15);
    // A path that is named twice is uploaded once.
    expect(sandbox.requests).toHaveLength(3);
  });

  it('prints no object unless every file has a reference, but lists the references', async () => {
    const { exitCode, stdout, stderr, references } = await upload('omni', [night, import.meta.filename]);
    expect(exitCode).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain('warning: no omni object was printed, because not every file has a reference');
    expect(stderr).toContain(`warning: ${night}: ${references[0]}\n`);
    expect(stderr).not.toMatch(/^@/m);
  });

  it('with too many files, or with audio alone, is a usage error', async () => {
    await expectUsageError(
      'omni',
      Array(16).fill(night),
      '--format omni takes at most 15 files, as POST /videos does; there are 16 files',
    );
    await expectUsageError(
      'omni',
      Array(10).fill(night),
      '--format omni takes at most 9 images, as POST /videos does; there are 10',
    );
    await expectUsageError(
      'omni',
      [tone, longTone],
      '--format omni needs an image or a video beside the audio',
    );
  });

  it('reports a damaged image, and not that the audio is alone', async () => {
    const cut = join(await tempDir(), 'cut.png');
    await writeFile(cut, (await readFile(night)).subarray(0, 2000));
    const { exitCode, stderr } = await upload('omni', [cut, tone]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`error: ${cut}: it is cut short`);
    expect(stderr).not.toContain('beside the audio');
  });

  it('with too much video and audio in total is a usage error, in a dry run and with --no-limits too', async () => {
    const cwd = await tempDir();
    const files = [join(cwd, '8s.mp4'), join(cwd, '10s.wav')];
    await writeFile(files[0]!, lasting(mp4, 8000));
    await writeFile(files[1]!, wav(10_000));
    for (const flags of [[], ['--dry-run'], ['--no-limits'], ['--dry-run', '--no-limits']]) {
      await expectUsageError(
        'omni',
        [...files, ...files, ...flags],
        '--format omni takes at most 15.4 s of video together; there are 16.0 s',
        '--format omni takes at most 15 s of audio together; there are 20.0 s',
      );
    }
  });
});

describe('--format images', () => {
  it('numbers one to six images', async () => {
    const { references, json, stderr } = await upload('images', [night, sunset, logo]);
    expect(json()).toEqual({
      imageRef_1: references[0],
      imageRef_2: references[1],
      imageRef_3: references[2],
    });
    expect(stderr).toMatch(/^3 uploaded/);
    expect(Object.keys((await upload('images', Array(6).fill(night))).json<object>())).toHaveLength(6);
  });

  it('with seven images, or with another type, is a usage error', async () => {
    await expectUsageError(
      'images',
      Array(7).fill(night),
      '--format images takes at most 6 images, as POST /images does; there are 7 files',
    );
    await expectUsageError(
      'images',
      [tone, night, video],
      `--format images takes images only; ${video} is a video`,
      `--format images takes images only; ${tone} is an audio file`,
    );
  });
});

describe('--format frames', () => {
  it('with eleven images is a usage error', async () => {
    await expectUsageError(
      'frames',
      Array(11).fill(night),
      '--format frames takes at most 10 images, as POST /videos does; there are 11 files',
    );
  });

  it('refuses a video that is named like an image, and escapes its name', async () => {
    const file = join(await tempDir(), 'frame\u001b[2J.png');
    await writeFile(file, mp4);
    const escaped = file.replace('\u001b', '\\x1b');
    await expectUsageError('frames', [file], `--format frames takes images only; ${escaped} is a video`);
  });
});
