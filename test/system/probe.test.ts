import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContentType, resolveType } from '../../src/media/asset-types.ts';
import { createFileSource } from '../../src/media/byte-source.ts';
import { identify } from '../../src/media/identify.ts';
import { checkMeasures, checkSize } from '../../src/media/limits.ts';
import { Probe, type Probed } from '../../src/media/probe.ts';
import { orRefusal, type Refusal } from '../harness/or-refusal.ts';
import { clipArguments, makeClip, runFfmpeg } from './make-clips.ts';

const run = promisify(execFile);
const probe = new Probe(new AbortController().signal);
/** All clips; some are made from others. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dreamina-test-'));
});
afterAll(async () => {
  await probe.close();
  await rm(folder, { recursive: true, force: true });
});

/** The result for a video or audio file: its measures, or the reason for its refusal. */
async function inspect(path: string): Promise<Probed | Refusal> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    return await orRefusal(async () => {
      const contentType = await identify(createFileSource(handle, size));
      const probed = await probe.probe({ fd: handle.fd, sizeBytes: size }, contentType);
      const type = resolveType(probed.contentType);
      checkSize(type, size, false);
      checkMeasures(type, probed, false);
      return probed;
    });
  } finally {
    await handle.close();
  }
}

interface Truth {
  readonly durationMs: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Length and display size by ffprobe, which guesses the length if only the packets have it. */
async function askFfprobe(path: string): Promise<Truth> {
  const sections = 'format=duration:packet=pts_time,duration_time:stream=width,height,sample_aspect_ratio';
  const { stdout } = await run(
    'ffprobe',
    [
      '-v',
      'error',
      '-of',
      'json',
      '-show_entries',
      `${sections}:stream_disposition=attached_pic:stream_side_data=rotation`,
      path,
    ],
    { maxBuffer: 100 * 1024 * 1024 },
  );
  const { format, packets, streams } = JSON.parse(stdout) as {
    format: { duration?: string };
    packets: readonly { pts_time?: string; duration_time?: string }[];
    streams: readonly {
      width?: number;
      height?: number;
      sample_aspect_ratio?: string;
      disposition: { attached_pic: number };
      side_data_list?: readonly { rotation?: number }[];
    }[];
  };
  const ends = packets.map((it) => Number(it.pts_time ?? Number.NaN) + Number(it.duration_time ?? 0));
  const last = Math.max(...ends.filter((it) => !Number.isNaN(it)));
  const seconds = /\.(mp3|aac)$/.test(path) ? last : Number(format.duration ?? last);
  const video = streams.find((it) => it.width !== undefined && it.disposition.attached_pic === 0);
  const [wide = 1, high = 1] = video?.sample_aspect_ratio?.split(':').map(Number) ?? [];
  const sides = video && [Math.round((video.width! * wide) / high), video.height!];
  const isTurned =
    Math.abs(video?.side_data_list?.find((it) => it.rotation !== undefined)?.rotation ?? 0) % 180 === 90;
  const [width, height] = (isTurned ? sides?.toReversed() : sides) ?? [];
  return { durationMs: seconds * 1000, width, height };
}

const contentTypes: Readonly<Record<string, ContentType>> = {
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
};

describe('the probe measures the same as ffprobe', () => {
  it.each(Object.keys(clipArguments))('%s', async (name) => {
    const path = await makeClip(folder, name);
    const truth = await askFfprobe(path);
    const result = await inspect(path);
    const contentType =
      truth.width === undefined && name.endsWith('.mp4')
        ? 'audio/mp4'
        : contentTypes[name.split('.').at(-1)!];
    expect(result).toMatchObject({ contentType, width: truth.width, height: truth.height });
    expect(Math.abs((result as Probed).durationMs! - truth.durationMs)).toBeLessThanOrEqual(50);
  });
});

describe('the check of a clip', () => {
  let plain = '';
  beforeAll(async () => {
    plain = await makeClip(folder, 'plain.mp4');
    await makeClip(folder, 'vp9.webm');
  });

  const x264 = '-c:v libx264 -preset ultrafast -crf 40 -pix_fmt yuv444p';
  const video = (size: string, seconds: number) =>
    `-f lavfi -i testsrc=size=${size}:rate=10:duration=${seconds}`;
  const tone = (seconds: number) => `-f lavfi -i sine=sample_rate=8000:duration=${seconds}`;

  it.each([
    ['1.8s.mp4', `${video('320x240', 1.8)} ${x264}`, 'bad_duration'],
    ['1.9s.mp4', `${video('320x240', 1.9)} ${x264}`, undefined],
    ['15.5s.mp4', `${video('320x240', 15.5)} ${x264}`, undefined],
    ['15.6s.mov', `${video('320x240', 15.6)} ${x264}`, 'bad_duration'],
    ['15.6s.webm', `${video('320x240', 15.6)} -c:v libvpx -deadline realtime`, 'bad_duration'],
    ['1.8s.wav', `${tone(1.8)}`, 'bad_duration'],
    ['15.1s.m4a', `${tone(15.1)}`, undefined],
    ['15.3s.m4a', `${tone(15.3)}`, 'bad_duration'],
    ['0s.wav', `${tone(5)} -t 0`, 'bad_duration'],
    ['0s.mp4', `${video('320x240', 5)} ${x264} -t 0`, 'damaged'],
    ['199.mp4', `${video('199x300', 3)} ${x264}`, 'bad_dimensions'],
    ['200.mp4', `${video('200x300', 3)} ${x264}`, undefined],
    ['2160.mp4', `${video('2160x2160', 2)} ${x264}`, undefined],
    ['2161.mp4', `${video('300x2161', 2)} ${x264}`, 'bad_dimensions'],
    ['audio.webm', `${tone(5)} -c:a libopus`, 'unsupported_type'],
    ['audio.mov', `${tone(5)}`, 'unsupported_type'],
    ['mkv.mp4', '-i {plain.mp4} -c copy -f matroska', 'unsupported_type'],
    ['ts.mp4', '-i {plain.mp4} -c copy -f mpegts', 'unsupported_type'],
    ['flac.mp3', `${tone(5)} -c:a flac -f flac`, 'unsupported_type'],
    ['ogg.mp3', `${tone(5)} -c:a libvorbis -f ogg`, 'unsupported_type'],
    ['mp2.mp3', `${tone(5)} -ar 16000 -c:a mp2 -f mp2`, 'unsupported_type'],
    ['adpcm.wav', `${tone(5)} -c:a adpcm_ms`, undefined],
  ])('gives the right result: %s: %s → %s', async (name, args, code) => {
    const result = await inspect(await runFfmpeg(folder, name, args));
    expect('code' in result ? result.code : undefined).toBe(code);
  });

  it('refuses a video of one byte too many', async () => {
    const path = join(folder, 'large.mp4');
    // An empty box, up to the limit and beyond.
    const bytes = await readFile(plain);
    const free = Buffer.from('\0\0\0\0free', 'latin1');
    await writeFile(path, Buffer.concat([bytes, free]));
    await truncate(path, 52_428_800);
    expect(await inspect(path)).toMatchObject({ contentType: 'video/mp4' });
    await truncate(path, 52_428_801);
    expect(await inspect(path)).toMatchObject({ code: 'too_large' });
  });

  it.each([0.1, 0.5, 0.9, 0.99])('refuses a clip that is cut at %s', async (part) => {
    for (const name of ['plain.mp4', 'vp9.webm']) {
      const bytes = await readFile(join(folder, name));
      const path = join(folder, `cut-${name}`);
      await writeFile(path, bytes.subarray(0, bytes.length * part));
      expect(await inspect(path)).toMatchObject({ code: 'damaged' });
    }
  });
});
