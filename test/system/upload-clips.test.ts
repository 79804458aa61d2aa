import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { clipArguments, makeClip, runFfmpeg } from './make-clips.ts';

/** All clips; some are made from others. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dreamina-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function upload(path: string, ...flags: readonly string[]) {
  const { sandbox, env } = await sandboxWith();
  const { exitCode, json } = await runCli(['upload', '--json', path, ...flags], { env });
  return { exitCode, record: json<UploadRecord[]>()[0]!, sandbox };
}

// The sandbox measures with its own parser: no warning means that the two agree.
describe('a clip from ffmpeg is uploaded, and the sandbox measures the same', () => {
  it.each(Object.keys(clipArguments))('%s', async (name) => {
    const { exitCode, record } = await upload(await makeClip(folder, name));
    expect(record).toMatchObject({ status: 'uploaded' });
    expect(record).not.toHaveProperty('warnings');
    expect(exitCode).toBe(0);
  });
});

describe('a bad clip from ffmpeg is refused before anything is sent', () => {
  const video = (size: string, seconds: number) =>
    `-f lavfi -i testsrc=size=${size}:rate=10:duration=${seconds} -c:v libx264 -preset ultrafast`;
  it.each([
    ['0s.mp4', `${video('320x240', 5)} -t 0`, 'damaged'],
    ['audio.webm', '-f lavfi -i sine=duration=5 -c:a libopus', 'unsupported_type'],
    ['audio.mov', '-f lavfi -i sine=duration=5', 'unsupported_type'],
    ['wide.mp4', `${video('2000x300', 3)} -vf setsar=2/1`, 'bad_dimensions'],
    ['turned.mp4', `${video('2170x300', 3)}`, 'bad_dimensions'],
  ])('%s: %s → %s', async (name, args, code) => {
    const made = await runFfmpeg(folder, name, args);
    const path =
      name === 'turned.mp4'
        ? await runFfmpeg(folder, 'turned-again.mp4', '-i {turned.mp4} -c copy -metadata:s:v rotate=90')
        : made;
    for (const flags of [[], ['--dry-run']]) {
      const { exitCode, record, sandbox } = await upload(path, ...flags);
      expect(record).toMatchObject({ status: 'failed', attempts: 0, error: { code } });
      expect(exitCode).toBe(1);
      expect(sandbox.requests).toEqual([]);
    }
  });
});
