import { readFile, stat } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { parseNamedEdits } from '../../src/files/edits.ts';
import { assetTypes } from '../../src/media/asset-types.ts';
import { checkAssetFile } from '../../src/media/check-asset.ts';
import { createCheckContext } from '../../src/media/check-context.ts';
import { type ContentType, measure } from '../../src/sandbox/media/formats.ts';
import { decodeFrames, drawVideo, h264, makeClip, playTone, probeClip } from '../harness/clips.ts';
import { fitFile, planFile, startFitter } from '../harness/fitter.ts';

const aac = '-c:a aac -b:a 96k';
const checks = createCheckContext(false, new AbortController().signal);
afterAll(() => checks.close());
const editsOf = (text: string) => (text === '' ? {} : parseNamedEdits(`x#${text}`)!.edits);

interface Expected {
  readonly container: RegExp;
  readonly codec?: string;
  readonly audioCodec?: string;
  readonly ms: readonly [min: number, max: number];
  readonly sides?: string;
}

/** Expects red in every pixel, as far as video has it. */
function expectRed(frame: Buffer): void {
  const [red, green, blue] = frame;
  expect(red).toBeGreaterThanOrEqual(250);
  expect(Math.max(green!, blue!)).toBeLessThanOrEqual(5);
}

/** How much two frames differ, from some of their bytes. */
function distanceOf(frame: Buffer, other: Buffer): number {
  let sum = 0;
  for (let i = 0; i < frame.length; i += 31) {
    sum += Math.abs(frame[i]! - other[i]!);
  }
  return sum;
}

describe('fitting a video', () => {
  test.each<[name: string, file: string, make: string, expected: Expected, edits?: string]>([
    [
      '40 s of Matroska',
      'long.mkv',
      `${drawVideo('640x360', 30, 40)} ${playTone(40)} ${h264} ${aac}`,
      { container: /mp4/, codec: 'h264', audioCodec: 'aac', ms: [15_200, 15_400], sides: '640x360' },
    ],
    [
      'Matroska whose streams are copied',
      'short.mkv',
      `${drawVideo('640x360', 25, 5)} ${playTone(5)} ${h264} -bf 3 ${aac}`,
      { container: /mp4/, codec: 'h264', audioCodec: 'aac', ms: [4990, 5060], sides: '640x360' },
    ],
    [
      'HEVC in Matroska',
      'hevc.mkv',
      `${drawVideo('320x240', 25, 3)} -c:v libx265 -preset ultrafast -x265-params log-level=none`,
      { container: /mp4/, codec: 'hevc', ms: [2990, 3050], sides: '320x240' },
    ],
    [
      'VP9 and Opus in Matroska',
      'vp9.mkv',
      `${drawVideo('320x240', 25, 3)} ${playTone(3)} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus`,
      { container: /webm/, codec: 'vp9', audioCodec: 'opus', ms: [2990, 3050], sides: '320x240' },
    ],
    [
      'a transport stream',
      'a.ts',
      `${drawVideo('640x360', 30, 4)} ${playTone(4)} ${h264} ${aac}`,
      { container: /mp4/, codec: 'h264', audioCodec: 'aac', ms: [3950, 4100], sides: '640x360' },
    ],
    [
      'AVI',
      'a.avi',
      `${drawVideo('640x360', 30, 4)} ${playTone(4)} -c:v mpeg4 -q:v 5 -c:a libmp3lame`,
      { container: /mp4/, codec: 'h264', audioCodec: 'aac', ms: [3950, 4100], sides: '640x360' },
    ],
    [
      'MPEG-4 in MP4',
      'asp.mp4',
      `${drawVideo('640x360', 30, 3)} -c:v mpeg4 -q:v 5`,
      { container: /mp4/, codec: 'h264', ms: [2950, 3050], sides: '640x360' },
    ],
    [
      '4K',
      '4k.mp4',
      `${drawVideo('3840x2160', 10, 2)} ${h264}`,
      { container: /mp4/, codec: 'h264', ms: [1950, 2100], sides: '2160x1214' },
    ],
    [
      'pixels that are not square',
      'pal.mp4',
      `${drawVideo('720x576', 25, 3)} -vf setsar=16/15 ${h264}`,
      { container: /mp4/, codec: 'h264', ms: [2950, 3050], sides: '768x576' },
    ],
    [
      'odd sides and 4:4:4',
      'odd.mkv',
      `${drawVideo('638x358', 30, 16)} -vf format=yuv444p,crop=637:357:0:0:exact=1 -c:v libx264 -preset ultrafast`,
      { container: /mp4/, codec: 'h264', ms: [15_200, 15_400], sides: '636x356' },
    ],
    [
      'a variable rate',
      'vfr.mp4',
      `-f lavfi -i testsrc2=size=640x360:rate=60:duration=20,select='if(lt(t\\,2)\\,1\\,not(mod(n\\,7)))' -vsync vfr ${h264}`,
      { container: /mp4/, codec: 'h264', ms: [15_200, 15_400], sides: '640x360' },
    ],
    [
      'a part',
      'part.mp4',
      `${drawVideo('640x360', 30, 12)} ${playTone(12)} ${h264} ${aac}`,
      { container: /mp4/, codec: 'h264', audioCodec: 'aac', ms: [4980, 5060], sides: '640x360' },
      'trim=3-8',
    ],
    [
      'the last seconds, cropped',
      'tail.mp4',
      `${drawVideo('640x360', 30, 12)} ${h264}`,
      { container: /mp4/, codec: 'h264', ms: [4950, 5060], sides: '360x360' },
      'trim=-5&aspect=1:1',
    ],
  ])('%s', async (_name, file, make, expected, edits = '') => {
    const path = await makeClip(file, make);
    const fitter = startFitter();
    const plan = await planFile(fitter, path, editsOf(edits));
    const fitted = await fitFile(fitter, path, editsOf(edits));
    const { container, video, audio, durationMs } = await probeClip(fitted.path);
    expect(container).toMatch(expected.container);
    expect(video?.codec_name).toBe(expected.codec);
    expect(audio?.codec_name).toBe(expected.audioCodec);
    expect(durationMs).toBeGreaterThanOrEqual(expected.ms[0]);
    expect(durationMs).toBeLessThanOrEqual(expected.ms[1]);
    expect(`${video?.width}x${video?.height}`).toBe(expected.sides);
    expect(video?.sample_aspect_ratio ?? '1:1').toBe('1:1');
    // The result is as planned, and does not need another conversion.
    expect(plan).toMatchObject({ kind: 'fit', outcome: { type: 'video' } });
    if (plan.kind === 'fit') {
      expect(Math.abs(plan.outcome.durationMs! - durationMs)).toBeLessThan(100);
      expect(`${plan.outcome.width}x${plan.outcome.height}`).toBe(expected.sides);
    }
    expect(await planFile(startFitter(), fitted.path)).toEqual({ kind: 'untouched' });
  });

  test('encodes RGB with the colours that players show, and says which', async () => {
    const clip = await makeClip('red.mov', '-f lavfi -i color=red:s=1280x720:r=25:d=3 -c:v png');
    const fitted = await fitFile(startFitter(), clip);
    expect((await probeClip(fitted.path)).video).toMatchObject({ color_space: 'bt709', color_range: 'tv' });
    expectRed((await decodeFrames(fitted.path))[0]!);
  });

  test('cuts a transport stream where it was asked to', async () => {
    const clip = await makeClip(
      'a.ts',
      `${drawVideo('320x240', 30, 8)} ${playTone(8)} ${h264} -g 250 ${aac}`,
    );
    const fitted = await fitFile(startFitter(), clip, editsOf('trim=3-6'));
    const { video, durationMs } = await probeClip(fitted.path);
    expect(video).toBeDefined();
    expect(Math.abs(durationMs - 3000)).toBeLessThan(100);
    const [first] = await decodeFrames(fitted.path, '-frames:v 1');
    const source = await decodeFrames(clip);
    const distances = source.map((frame) => distanceOf(frame, first!));
    expect(Math.abs(distances.indexOf(Math.min(...distances)) - 90)).toBeLessThanOrEqual(1);
  });

  test('measures a live video by its audio too', async () => {
    const args = `${drawVideo('320x240', 25, 4)} ${playTone(25)} -c:v libvpx -deadline realtime -cpu-used 16 -c:a libopus -live 1`;
    const fitted = await fitFile(startFitter(), await makeClip('live.webm', args));
    expect((await probeClip(fitted.path)).durationMs).toBeLessThanOrEqual(15_400);
  });

  test('keeps every frame that it copies', async () => {
    const path = await makeClip('short.mkv', `${drawVideo('320x240', 25, 3)} ${h264} -bf 3`);
    const fitted = await fitFile(startFitter(), path);
    const [made, original] = await Promise.all([decodeFrames(fitted.path), decodeFrames(path)]);
    expect(made).toHaveLength(75);
    expect(Buffer.concat(made).equals(Buffer.concat(original))).toBe(true);
    expect(fitted.fitted).toEqual(['converted from Matroska', 'copied into MP4, not encoded']);
  });

  test('applies a rotation', async () => {
    const made = await makeClip('a.mp4', `${drawVideo('640x360', 30, 17)} ${h264}`);
    const turned = await makeClip('b.mp4', `-i ${made} -c copy -metadata:s:v rotate=90`);
    const fitted = await fitFile(startFitter(), turned);
    expect((await probeClip(fitted.path)).video).toMatchObject({ width: 360, height: 640 });
  });

  test('makes HDR an SDR that is neither black nor white', async () => {
    const hdr = '-pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc';
    const path = await makeClip(
      'hdr.mp4',
      `${drawVideo('320x240', 10, 2)} -c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 ${hdr}`,
    );
    const fitted = await fitFile(startFitter(), path);
    const { video } = await probeClip(fitted.path);
    expect(video).toMatchObject({
      codec_name: 'h264',
      pix_fmt: 'yuv420p',
      color_transfer: 'bt709',
      color_primaries: 'bt709',
    });
    const [frame] = await decodeFrames(fitted.path);
    const mean = frame!.reduce((sum, value) => sum + value, 0) / frame!.length;
    expect(mean).toBeGreaterThan(30);
    expect(mean).toBeLessThan(225);
  });

  test('keeps 15 s of noise below 50 MB', async () => {
    const path = await makeClip(
      'noise.mkv',
      `-f lavfi -i nullsrc=size=640x480:rate=25:duration=16,noise=alls=100:allf=t ${h264} -crf 10`,
    );
    expect((await stat(path)).size).toBeGreaterThan(assetTypes.video.maxBytes);
    expect((await fitFile(startFitter(), path)).sizeBytes).toBeLessThan(assetTypes.video.maxBytes);
  });

  test('puts the index of an MP4 first', async () => {
    const path = await makeClip('long.mkv', `${drawVideo('320x240', 10, 16)} ${h264}`);
    const bytes = await readFile((await fitFile(startFitter(), path)).path);
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
  });
});

describe('two seconds, the least that is accepted', () => {
  test.each<[name: string, file: string, make: string, edits: string]>([
    ['that begin between two frames', 'a.mp4', `${drawVideo('320x240', 7, 6)} ${h264}`, 'trim=1.013-3.013'],
    ['at the end of NTSC', 'a.mp4', `${drawVideo('320x240', '24000/1001', 6)} ${h264}`, 'trim=-2'],
    ['of Matroska at 60 frames a second', 'a.mkv', `${drawVideo('320x240', 60, 2)} ${h264}`, ''],
    ['of Matroska at 24 frames a second', 'a.mkv', `${drawVideo('320x240', 24, 2)} ${h264}`, ''],
    ['at the end of an MP3', 'a.mp3', `${playTone(6)} -ar 8000 -c:a libmp3lame`, 'trim=-2'],
    ['at the end of Opus', 'a.opus', `${playTone(6)} -c:a libopus`, 'trim=-2'],
  ])('%s', async (_name, file, make, edits) => {
    const fitted = await fitFile(startFitter(), await makeClip(file, make), editsOf(edits));
    const { durationMs } = measure(await readFile(fitted.path), fitted.contentType as ContentType)!;
    expect(Math.round(durationMs!)).toBeGreaterThanOrEqual(2000);
    expect(durationMs).toBeLessThan(2400);
  });
});

describe('a clip whose clock starts late', () => {
  const late = '-output_ts_offset 5 -avoid_negative_ts disabled';
  const clips: readonly (readonly [file: string, make: string])[] = [
    ['a.mkv', `${drawVideo('320x240', 30, 6)} ${h264} ${late}`],
    ['a.mp4', `${drawVideo('320x240', 30, 6)} ${h264} ${late}`],
    ['a.ts', `${drawVideo('320x240', 30, 6)} ${h264} -g 30 ${late}`],
  ];

  test.each(clips)('is cut by what it shows: %s', async (file, make) => {
    const path = await makeClip(file, make);
    const source = await decodeFrames(path);
    const fitter = startFitter();
    const fitted = await fitFile(fitter, path, editsOf('trim=-2'));
    expect(Math.abs((await probeClip(fitted.path)).durationMs - 2000)).toBeLessThanOrEqual(34);
    const [first] = await decodeFrames(fitted.path, '-frames:v 1');
    const distances = source.map((frame) => distanceOf(frame, first!));
    expect(Math.abs(distances.indexOf(Math.min(...distances)) - 120)).toBeLessThanOrEqual(1);
    for (const [edits, index] of [
      ['frame=2', 60],
      ['trim=-2&frame=first', 120],
    ] as const) {
      const frame = await fitFile(fitter, path, editsOf(edits));
      expect((await decodeFrames(frame.path))[0]!.equals(source[index]!), edits).toBe(true);
    }
    for (const edits of ['trim=7-9', 'frame=7']) {
      await expect(planFile(fitter, path, editsOf(edits))).rejects.toThrow('it lasts 6 s');
    }
  });

  test('or early, for the delay of a decoder, shows its frames when players do', async () => {
    const args = '-c:v libvpx -deadline realtime -cpu-used 16 -c:a libopus';
    const path = await makeClip('a.webm', `${drawVideo('320x240', 30, 4)} ${playTone(4)} ${args}`);
    const frame = await fitFile(startFitter(), path, editsOf('frame=2.01'));
    const source = await decodeFrames(path);
    expect((await decodeFrames(frame.path))[0]!.equals(source[60]!)).toBe(true);
  });
});

describe('fitting audio', () => {
  test.each([8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100])(
    'cuts an MP3 of %i Hz to less than 15 s',
    async (rate) => {
      const args = `-f lavfi -i sine=frequency=440:sample_rate=${rate}:duration=20 -ar ${rate} -c:a libmp3lame`;
      const fitted = await fitFile(startFitter(), await makeClip('a.mp3', args));
      const { durationMs } = await checkAssetFile(fitted.path, checks);
      expect(durationMs).toBeGreaterThan(14_500);
      expect(durationMs).toBeLessThanOrEqual(15_000);
    },
  );

  test.each<[name: string, file: string, make: string, expected: Expected, edits?: string]>([
    [
      'a long MP3',
      'a.mp3',
      `${playTone(20)} -c:a libmp3lame -b:a 128k`,
      { container: /mp3/, audioCodec: 'mp3', ms: [14_900, 15_030] },
    ],
    [
      'a long MP3 of a variable rate without a header',
      'a.mp3',
      `${playTone(20)} -c:a libmp3lame -q:a 2 -write_xing 0`,
      { container: /mp3/, audioCodec: 'mp3', ms: [14_900, 15_200] },
    ],
    [
      'a long M4A',
      'a.m4a',
      `${playTone(20)} -c:a aac`,
      { container: /mp4/, audioCodec: 'aac', ms: [14_900, 15_000] },
    ],
    [
      'a long WAV',
      'a.wav',
      `${playTone(20)} -c:a pcm_s24le`,
      { container: /wav/, audioCodec: 'pcm_s24le', ms: [14_940, 14_960] },
    ],
    [
      'a long AAC',
      'a.aac',
      `${playTone(20)} -c:a aac`,
      { container: /aac/, audioCodec: 'aac', ms: [14_000, 16_000] },
    ],
    [
      'a part of a WAV',
      'a.wav',
      `${playTone(20)} -c:a pcm_s16le`,
      { container: /wav/, audioCodec: 'pcm_s16le', ms: [4999, 5001] },
      'trim=3-8',
    ],
    [
      'a part of an MP3',
      'a.mp3',
      `${playTone(20)} -c:a libmp3lame`,
      { container: /mp4/, audioCodec: 'aac', ms: [4950, 5060] },
      'trim=-5',
    ],
    [
      'FLAC',
      'a.flac',
      `${playTone(5)} -c:a flac`,
      { container: /wav/, audioCodec: 'pcm_s16le', ms: [4999, 5001] },
    ],
    [
      'Ogg Vorbis',
      'a.ogg',
      `${playTone(5)} -c:a libvorbis`,
      { container: /mp4/, audioCodec: 'aac', ms: [4950, 5060] },
    ],
    [
      'Opus',
      'a.opus',
      `${playTone(5)} -c:a libopus`,
      { container: /mp4/, audioCodec: 'aac', ms: [4950, 5060] },
    ],
    [
      'AIFF',
      'a.aiff',
      `${playTone(5)} -c:a pcm_s16be`,
      { container: /wav/, audioCodec: 'pcm_s16le', ms: [4999, 5001] },
    ],
    [
      'Windows Media',
      'a.wma',
      `${playTone(5)} -c:a wmav2`,
      { container: /mp4/, audioCodec: 'aac', ms: [4900, 5100] },
    ],
    [
      'Layer II',
      'a.mp2',
      `${playTone(5)} -c:a mp2`,
      { container: /mp4/, audioCodec: 'aac', ms: [4900, 5100] },
    ],
    [
      'audio in Matroska',
      'a.mka',
      `${playTone(5)} -c:a aac`,
      { container: /mp4/, audioCodec: 'aac', ms: [4950, 5060] },
    ],
  ])('%s', async (_name, file, make, expected, edits = '') => {
    const fitted = await fitFile(startFitter(), await makeClip(file, make), editsOf(edits));
    const { container, video, audio, durationMs } = await probeClip(fitted.path);
    expect(container).toMatch(expected.container);
    expect(audio?.codec_name).toBe(expected.audioCodec);
    expect(video).toBeUndefined();
    expect(durationMs).toBeGreaterThanOrEqual(expected.ms[0]);
    expect(durationMs).toBeLessThanOrEqual(expected.ms[1]);
    // ffprobe only guesses MP3 and AAC; the fitter counts packets.
    expect(await planFile(startFitter(), fitted.path)).toEqual({ kind: 'untouched' });
  });
});

describe('taking a frame', () => {
  const clips: readonly (readonly [name: string, file: string, make: string])[] = [
    ['H.264 with frames out of order', 'a.mp4', `${drawVideo('320x240', 30, 4)} ${h264} -bf 3 -g 30`],
    ['29.97 frames a second', 'a.mp4', `${drawVideo('320x240', '30000/1001', 3)} ${h264}`],
    [
      'HEVC of ten bits',
      'a.mp4',
      `${drawVideo('320x240', 25, 3)} -c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le -tag:v hvc1`,
    ],
    ['WebM', 'a.webm', `${drawVideo('320x240', 25, 3)} -c:v libvpx -deadline realtime -cpu-used 16`],
    ['audio that is longer', 'a.mp4', `${drawVideo('320x240', 25, 2)} ${playTone(4)} ${h264} ${aac}`],
    [
      'a variable rate',
      'a.mp4',
      `-f lavfi -i testsrc2=size=320x240:rate=60:duration=4,select='if(lt(t\\,2)\\,1\\,not(mod(n\\,7)))' -vsync vfr ${h264}`,
    ],
    ['Matroska', 'a.mkv', `${drawVideo('320x240', 24, 3)} ${h264}`],
    [
      'Matroska whose video begins after its audio',
      'a.mkv',
      `${drawVideo('320x240', 30, 3)} ${playTone(3)} ${h264} -bf 2 ${aac}`,
    ],
    ['a transport stream', 'a.ts', `${drawVideo('320x240', 30, 3)} ${playTone(3)} ${h264} -g 30 ${aac}`],
    ['H.264 in AVI', 'a.avi', `${drawVideo('320x240', 25, 3)} ${playTone(3)} ${h264} -c:a libmp3lame`],
  ];

  test.each(clips)('finds the first and the last frame of %s', async (_name, file, make) => {
    const path = await makeClip(file, make);
    const frames = await decodeFrames(path);
    const fitter = startFitter();
    for (const [edit, expected] of [
      ['first', frames[0]],
      ['last', frames.at(-1)],
    ] as const) {
      const fitted = await fitFile(fitter, path, { frame: edit });
      expect(fitted.contentType).toBe('image/png');
      expect(fitted.fitted).toEqual([`${edit} frame taken`]);
      expect((await decodeFrames(fitted.path))[0]!.equals(expected!), edit).toBe(true);
    }
  });

  test.each([
    ['frame=2.5', 75],
    ['frame=2.516', 75],
    ['frame=2.532', 75],
    ['frame=2.534', 76],
    ['frame=0', 0],
    ['frame=0.01', 0],
    ['frame=4', 119],
    ['trim=1-3&frame=first', 30],
    ['trim=1-3&frame=last', 89],
    ['trim=1-3&frame=0.5', 45],
    ['trim=-1&frame=first', 90],
  ])('takes the frame that is shown at %s', async (edits, index) => {
    const path = await makeClip('a.mp4', `${drawVideo('320x240', 30, 4)} ${h264} -bf 3`);
    const fitted = await fitFile(startFitter(), path, editsOf(edits));
    const [frame] = await decodeFrames(fitted.path);
    const found = (await decodeFrames(path)).findIndex((it) => it.equals(frame!));
    expect(found).toBe(index);
  });

  test('has the colours that players show for HD without a tag', async () => {
    const args =
      '-f lavfi -i color=red:s=1280x720:r=25:d=3 -vf scale=out_color_matrix=bt709,format=yuv420p -c:v libx264';
    const fitted = await fitFile(startFitter(), await makeClip('hd.mp4', args), { frame: 'first' });
    expectRed((await decodeFrames(fitted.path))[0]!);
  });

  test('gives upright frames with square pixels and the requested shape', async () => {
    const made = await makeClip('a.mp4', `${drawVideo('720x576', 25, 3)} -vf setsar=16/15 ${h264}`);
    const path = await makeClip('b.mp4', `-i ${made} -c copy -metadata:s:v rotate=90`);
    const whole = await fitFile(startFitter(), path, editsOf('frame=last'));
    expect((await probeClip(whole.path)).video).toMatchObject({ width: 576, height: 768, pix_fmt: 'rgb24' });
    const fitted = await fitFile(startFitter(), path, editsOf('frame=last&aspect=1:1'));
    expect((await probeClip(fitted.path)).video).toMatchObject({ width: 576, height: 576, pix_fmt: 'rgb24' });
  });
});
