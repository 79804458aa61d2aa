import { describe, expect, test } from 'vitest';
import { type Edits, parseNamedEdits } from '../../../../src/files/edits.ts';
import type { AudioFacts, ClipFacts, VideoFacts } from '../../../../src/fit/clips/clip-facts.ts';
import { type ClipRecipe, resolveClipRecipe } from '../../../../src/fit/clips/clip-recipe.ts';
import { resolveFrameRecipe } from '../../../../src/fit/clips/frame-recipe.ts';
import type { ClipFormat } from '../../../../src/fit/formats.ts';
import { assetTypes } from '../../../../src/media/asset-types.ts';

const mb = 1_000_000;

const formats = {
  mp4: { name: 'MP4', contentType: 'video/mp4', demuxer: 'mp4', acceptsVideo: true, acceptsAudio: true },
  mov: { name: 'QuickTime', contentType: 'video/quicktime', demuxer: 'mov', acceptsVideo: true },
  webm: { name: 'WebM', contentType: 'video/webm', demuxer: 'matroska', acceptsVideo: true },
  mkv: { name: 'Matroska', contentType: 'video/matroska', demuxer: 'matroska', copyable: true },
  avi: { name: 'AVI', contentType: 'video/vnd.avi', demuxer: 'avi' },
  mp3: { name: 'MP3', contentType: 'audio/mpeg', demuxer: 'mp3', acceptsAudio: true, guessesDuration: true },
  wav: { name: 'WAV', contentType: 'audio/wav', demuxer: 'wav', acceptsAudio: true },
  m4a: { name: 'M4A', contentType: 'audio/x-m4a', demuxer: 'mp4', acceptsAudio: true },
  aac: { name: 'AAC', contentType: 'audio/aac', demuxer: 'aac', acceptsAudio: true, guessesDuration: true },
  flac: { name: 'FLAC', contentType: 'audio/flac', demuxer: 'flac' },
  ogg: { name: 'Ogg', contentType: 'audio/ogg', demuxer: 'ogg' },
} as const satisfies Record<string, Partial<ClipFormat>>;

interface Case {
  readonly format?: keyof typeof formats;
  readonly ms?: number;
  readonly sizeBytes?: number;
  readonly video?: Partial<VideoFacts> | undefined;
  readonly audio?: Partial<AudioFacts> | undefined;
  readonly edits?: string;
  readonly noLimits?: boolean;
}

function video(given: Partial<VideoFacts> = {}): VideoFacts {
  return {
    codec: 'h264',
    width: 1920,
    height: 1080,
    pixelAspect: 1,
    transfer: 'bt709',
    primaries: 'bt709',
    matrix: 'bt709',
    pixelFormat: 'yuv420p',
    interlaced: false,
    frameRate: 30,
    meanFrameRate: 30,
    ...given,
  };
}

function audio(given: Partial<AudioFacts> = {}): AudioFacts {
  return { codec: 'aac', sampleBits: 16, sampleRate: 48_000, bytesPerSecond: 192_000, ...given };
}

function facts(given: Case): ClipFacts {
  return {
    durationMs: given.ms ?? 5000,
    contentMs: given.ms ?? 5000,
    startMs: 0,
    video: 'video' in given ? given.video && video(given.video) : video(),
    audio: 'audio' in given ? given.audio && audio(given.audio) : audio(),
  };
}

const editsOf = (text: string | undefined): Edits =>
  text === undefined ? {} : parseNamedEdits(`x#${text}`)!.edits;

function resolve(given: Case) {
  const format: ClipFormat = {
    kind: 'clip',
    extensions: [],
    acceptsVideo: false,
    acceptsAudio: false,
    copyable: false,
    guessesDuration: false,
    seeksInexactly: false,
    ...formats[given.format ?? 'mp4'],
  };
  return resolveClipRecipe(
    { format, facts: facts(given), sizeBytes: given.sizeBytes ?? 5 * mb },
    editsOf(given.edits),
    { noLimits: given.noLimits ?? false },
  );
}

/** How long a clip is that is cut before its end. */
const cutLengthOf = ({ part }: ClipRecipe) => (part.endMs === undefined ? undefined : part.lengthMs);

describe('no recipe for an accepted clip', () => {
  test.each<[string, Case]>([
    ['H.264 in MP4', {}],
    ['HEVC of ten bits', { video: { codec: 'hevc', pixelFormat: 'yuv420p10le' } }],
    ['ProRes in QuickTime', { format: 'mov', video: { codec: 'prores' }, audio: { codec: 'pcm_s16le' } }],
    ['VP8 in WebM', { format: 'webm', video: { codec: 'vp8' }, audio: { codec: 'vorbis' } }],
    ['VP9 in WebM', { format: 'webm', video: { codec: 'vp9' }, audio: { codec: 'opus' } }],
    ['AV1 in MP4', { video: { codec: 'av1' } }],
    ['as long as allowed', { ms: 15_400 }],
    ['as short as the check allows', { ms: 1900 }],
    ['as large as allowed', { sizeBytes: assetTypes.video.maxBytes }],
    ['sides as long as allowed', { video: { width: 2160, height: 2160 } }],
    ['a variable rate', { video: { frameRate: 60, meanFrameRate: 31 } }],
    ['odd sides', { video: { width: 637, height: 357 } }],
    ['a shape that it already has', { edits: 'aspect=16:9' }],
    ['that shape but for part of a pixel', { video: { width: 854, height: 480 }, edits: 'aspect=16:9' }],
    ['a part that is the whole clip', { edits: 'trim=0-5' }],
    ['a part that begins less than a millisecond later', { edits: 'trim=0.0009' }],
    ['a part that ends less than a millisecond earlier', { edits: 'trim=0-4.9991' }],
    ['an end that begins less than a millisecond later', { edits: 'trim=-4.9991' }],
    [
      'too long, too large and too wide without limits',
      {
        ms: 60_000,
        sizeBytes: 900 * mb,
        video: { width: 7680, height: 4320, codec: 'mpeg4' },
        noLimits: true,
      },
    ],
    ['MP3', { format: 'mp3', video: undefined, audio: { codec: 'mp3' } }],
    ['audio of 15 s', { format: 'm4a', video: undefined, ms: 15_000 }],
    ['an MP4 with audio only', { format: 'mp4', video: undefined }],
  ])('%s', (_name, given) => {
    expect(resolve(given)).toBeUndefined();
  });
});

describe('the recipe for a video', () => {
  test.each<
    [
      string,
      Case,
      { extension: string; copied: boolean; lengthMs?: number; ms?: number; sides?: string; texts: RegExp },
    ]
  >([
    [
      'H.264 in Matroska, which is copied',
      { format: 'mkv' },
      { extension: 'mp4', copied: true, texts: /converted from Matroska, copied into MP4/ },
    ],
    [
      'HEVC in Matroska',
      { format: 'mkv', video: { codec: 'hevc' } },
      { extension: 'mp4', copied: true, texts: /copied into MP4/ },
    ],
    [
      'VP8 and Vorbis in Matroska',
      { format: 'mkv', video: { codec: 'vp8' }, audio: { codec: 'vorbis' } },
      { extension: 'webm', copied: true, texts: /copied into WebM/ },
    ],
    [
      'VP9 and AAC in Matroska',
      { format: 'mkv', video: { codec: 'vp9' } },
      { extension: 'mp4', copied: true, texts: /copied into MP4/ },
    ],
    [
      'VP9 without audio in Matroska',
      { format: 'mkv', video: { codec: 'vp9' }, audio: undefined },
      { extension: 'webm', copied: true, texts: /copied into WebM/ },
    ],
    [
      'ProRes in Matroska',
      { format: 'mkv', video: { codec: 'prores' }, audio: { codec: 'pcm_s24le' } },
      { extension: 'mov', copied: true, texts: /copied into MOV/ },
    ],
    [
      'H.264 in AVI, whose times are unusable',
      { format: 'avi' },
      { extension: 'mp4', copied: false, texts: /encoded as H\.264/ },
    ],
    [
      'MPEG-4 in MP4',
      { video: { codec: 'mpeg4' } },
      { extension: 'mp4', copied: false, texts: /^encoded as H\.264 in MP4$/ },
    ],
    [
      '40 s',
      { ms: 40_000 },
      { extension: 'mp4', copied: false, lengthMs: 15_300, ms: 15_300, texts: /cut to its first 15\.3 s/ },
    ],
    [
      'a length within the tolerance',
      { ms: 15_450 },
      { extension: 'mp4', copied: false, lengthMs: 15_300, texts: /cut to its first 15\.3 s/ },
    ],
    [
      'a part',
      { ms: 40_000, edits: 'trim=3-8' },
      { extension: 'mp4', copied: false, lengthMs: 5000, ms: 5000, texts: /cut to 3 s to 8 s/ },
    ],
    [
      'a part that begins a millisecond later',
      { edits: 'trim=0.001' },
      { extension: 'mp4', copied: false, ms: 4999, texts: /cut to 0\.001 s to 5 s/ },
    ],
    [
      'a part of a few milliseconds',
      { edits: 'trim=3-3.004', noLimits: true },
      { extension: 'mp4', copied: false, ms: 4, texts: /cut to 3 s to 3\.004 s/ },
    ],
    [
      'the last five seconds',
      { ms: 40_000, edits: 'trim=-5' },
      { extension: 'mp4', copied: false, ms: 5000, texts: /cut to 35 s to 40 s/ },
    ],
    [
      'a part that is too long',
      { ms: 40_000, edits: 'trim=10' },
      { extension: 'mp4', copied: false, lengthMs: 15_300, texts: /cut to 10 s to 25\.3 s/ },
    ],
    [
      'a part of 15.4 s',
      { ms: 40_000, edits: 'trim=0-15.4' },
      { extension: 'mp4', copied: false, lengthMs: 15_300, texts: /first 15\.3 s/ },
    ],
    [
      '4K',
      { video: { width: 3840, height: 2160 } },
      { extension: 'mp4', copied: false, sides: '2160x1214', texts: /scaled to 2160x1214/ },
    ],
    [
      'upright 4K',
      { video: { width: 2160, height: 3840 } },
      { extension: 'mp4', copied: false, sides: '1214x2160', texts: /scaled/ },
    ],
    [
      'a crop',
      { edits: 'aspect=1:1' },
      { extension: 'mp4', copied: false, sides: '1080x1080', texts: /cropped to 1:1/ },
    ],
    [
      'a crop of 4K',
      { video: { width: 3840, height: 2160 }, edits: 'aspect=9:16' },
      { extension: 'mp4', copied: false, sides: '1214x2160', texts: /cropped to 9:16/ },
    ],
    [
      'wide pixels',
      { video: { width: 720, height: 576, pixelAspect: 16 / 15 } },
      { extension: 'mp4', copied: false, sides: '768x576', texts: /pixels made square/ },
    ],
    [
      'high pixels',
      { video: { width: 720, height: 480, pixelAspect: 8 / 9 } },
      { extension: 'mp4', copied: false, sides: '720x540', texts: /pixels made square/ },
    ],
    [
      'HDR',
      { video: { codec: 'hevc', transfer: 'arib-std-b67', primaries: 'bt2020' } },
      { extension: 'mp4', copied: false, texts: /HDR to SDR/ },
    ],
    [
      'a wide gamut',
      { video: { codec: 'hevc', primaries: 'smpte432' } },
      { extension: 'mp4', copied: false, texts: /wide gamut/ },
    ],
    [
      'odd sides, which lose a row when encoded',
      { ms: 20_000, video: { width: 637, height: 357 } },
      { extension: 'mp4', copied: false, sides: '636x356', texts: /first 15\.3/ },
    ],
    [
      'too large',
      { sizeBytes: assetTypes.video.maxBytes + 1 },
      { extension: 'mp4', copied: false, texts: /encoded/ },
    ],
    [
      'too large in Matroska',
      { format: 'mkv', sizeBytes: 80 * mb },
      { extension: 'mp4', copied: false, texts: /encoded/ },
    ],
    [
      'Matroska without limits',
      { format: 'mkv', sizeBytes: 80 * mb, ms: 90_000, noLimits: true },
      { extension: 'mp4', copied: true, ms: 90_000, texts: /copied/ },
    ],
    [
      'a part without limits',
      { ms: 90_000, noLimits: true, edits: 'trim=10-50' },
      { extension: 'mp4', copied: false, lengthMs: 40_000, texts: /cut to 10 s to 50 s/ },
    ],
  ])('%s', (_name, given, expected) => {
    const recipe = resolve(given)!;
    expect(recipe.container.extension).toBe(expected.extension);
    const copied = recipe.type === 'video' ? '-c:v copy' : '-c:a copy';
    expect(recipe.streams.join(' ').includes(copied)).toBe(expected.copied);
    expect(recipe.texts.join(', ')).toMatch(expected.texts);
    if (expected.lengthMs !== undefined) {
      expect(cutLengthOf(recipe)).toBe(expected.lengthMs);
    }
    if (expected.ms !== undefined) {
      expect(recipe.part.lengthMs).toBe(expected.ms);
    }
    if (expected.sides !== undefined) {
      expect(`${recipe.sides!.width}x${recipe.sides!.height}`).toBe(expected.sides);
    }
  });

  test.each([
    ['23.976', 24_000 / 1001, 24_000 / 1001, 'fps=24000/1001:start_time=0,'],
    ['29.97', 30_000 / 1001, 30_000 / 1001, 'fps=30000/1001:start_time=0,'],
    ['25', 25, 25, 'fps=25:start_time=0,'],
    ['120', 120, 120, 'fps=120:start_time=0,'],
    ['varies up to 60', 60, 31, 'fps=60:start_time=0,'],
    ['a clock of milliseconds', 1000, 25.2, 'fps=25:start_time=0,'],
    ['a slow clock of a camera', 90_000, 240, 'fps=60:start_time=0,'],
  ])('a rate of %s', (_name, frameRate, meanFrameRate, filter) => {
    const recipe = resolve({ ms: 20_000, video: { frameRate, meanFrameRate } })!;
    expect(recipe.streams[recipe.streams.indexOf('-vf') + 1]).toMatch(new RegExp(`^${filter}`));
  });

  test('encodes audio that the new container does not accept, and copies other audio', () => {
    const audio = (codec: string) => resolve({ format: 'mkv', audio: { codec } })!.streams.join(' ');
    expect(audio('aac')).toContain('-c:a copy');
    expect(audio('ac3')).toContain('-c:a aac');
    expect(audio('opus')).toContain('-c:a aac');
  });
});

describe('the recipe for audio', () => {
  test.each<[string, Case, { extension: string; options: string; lengthMs?: number | undefined }]>([
    [
      'a long MP3, which is cut without encoding',
      { format: 'mp3', audio: { codec: 'mp3' }, ms: 60_000 },
      { extension: 'mp3', options: '-c:a copy', lengthMs: 14_950 },
    ],
    [
      'a long AAC',
      { format: 'aac', ms: 60_000 },
      { extension: 'aac', options: '-c:a copy', lengthMs: 14_950 },
    ],
    [
      'a long M4A',
      { format: 'm4a', ms: 60_000 },
      { extension: 'm4a', options: '-c:a copy', lengthMs: 14_950 },
    ],
    [
      'a part of an MP3',
      { format: 'mp3', audio: { codec: 'mp3' }, ms: 60_000, edits: 'trim=10-20' },
      { extension: 'm4a', options: '-c:a aac -b:a 256k', lengthMs: 10_000 },
    ],
    [
      'a part of a WAV, which keeps its samples',
      { format: 'wav', audio: { codec: 'pcm_s24le', sampleBits: 24 }, ms: 60_000, edits: 'trim=10-20' },
      { extension: 'wav', options: '-c:a pcm_s24le', lengthMs: 10_000 },
    ],
    [
      'FLAC, which keeps its samples',
      { format: 'flac', audio: { codec: 'flac', sampleBits: 24 } },
      { extension: 'wav', options: '-c:a pcm_s24le', lengthMs: undefined },
    ],
    [
      'Vorbis',
      { format: 'ogg', audio: { codec: 'vorbis' } },
      { extension: 'm4a', options: '-c:a aac -b:a 256k', lengthMs: undefined },
    ],
    [
      'a WAV of many channels that is too large',
      {
        format: 'wav',
        audio: { codec: 'pcm_f32le', bytesPerSecond: 8 * 96_000 * 4 },
        ms: 10_000,
        sizeBytes: 31 * mb,
      },
      { extension: 'm4a', options: '-c:a aac -b:a 256k', lengthMs: undefined },
    ],
    [
      'audio in Matroska',
      { format: 'mkv', audio: { codec: 'aac' } },
      { extension: 'm4a', options: '-c:a copy', lengthMs: undefined },
    ],
    [
      'Layer II, which is labelled as MP3',
      { format: 'mp3', audio: { codec: 'mp2' } },
      { extension: 'm4a', options: '-c:a aac -b:a 256k', lengthMs: undefined },
    ],
  ])('%s', (_name, given, expected) => {
    const recipe = resolve({ ...given, video: undefined })!;
    expect(recipe.type).toBe('audio');
    expect(recipe.container.extension).toBe(expected.extension);
    expect(recipe.streams.join(' ')).toBe(`-map 0:a:0 ${expected.options}`);
    expect(cutLengthOf(recipe)).toBe(expected.lengthMs);
  });
});

describe('no recipe is possible', () => {
  test.each<[string, Case, string, RegExp]>([
    [
      'a clip that is too short',
      { format: 'mkv', ms: 1800 },
      'bad_duration',
      /would last 1\.8 s; at least 2 s is needed/,
    ],
    ['a part that is too short', { ms: 40_000, edits: 'trim=3-4' }, 'bad_duration', /would last 1 s/],
    [
      'audio that is too short',
      { format: 'ogg', video: undefined, ms: 1000 },
      'bad_duration',
      /would last 1 s/,
    ],
    [
      'a video that is too small',
      { format: 'mkv', video: { width: 180, height: 320 } },
      'bad_dimensions',
      /180x320/,
    ],
    [
      'a video that is too wide to scale',
      { video: { width: 4000, height: 300 } },
      'bad_dimensions',
      /2160x162/,
    ],
    ['a crop that is too narrow', { edits: 'aspect=1:10' }, 'bad_dimensions', /108x1080/],
    [
      'a part after the end',
      { ms: 40_000, edits: 'trim=50-60' },
      'cannot_fit',
      /outside the clip: it lasts 40 s/,
    ],
    ['a part that ends after the end', { ms: 40_000, edits: 'trim=30-60' }, 'cannot_fit', /outside/],
    ['a part longer than the clip', { ms: 40_000, edits: 'trim=-60' }, 'cannot_fit', /outside/],
    [
      'a clip without streams',
      { video: undefined, audio: undefined },
      'cannot_fit',
      /no readable video or audio stream/,
    ],
  ])('for %s', (_name, given, code, message) => {
    expect(() => resolve(given)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

test('begins the last two seconds of an MP3 earlier, because its last frames may not be played', () => {
  const startOf = (edits: string, codec = 'mp3') =>
    resolve({ ms: 6000, format: 'mp3', video: undefined, audio: { codec }, edits })!.part.startMs;
  expect(startOf('trim=-2')).toBe(3950);
  expect(startOf('trim=4')).toBe(3950);
  expect(startOf('trim=-3')).toBe(3000);
  expect(startOf('trim=2-4')).toBe(2000);
  expect(startOf('trim=-2', 'pcm_s16le')).toBe(4000);
});

describe('the recipe for a frame', () => {
  const frame = (edits: string, given: Case = { ms: 40_000 }) => {
    const found = facts(given);
    const asked = editsOf(edits);
    return resolveFrameRecipe({ ...found, video: found.video! }, { ...asked, frame: asked.frame! });
  };

  test.each([
    ['frame=first', 0],
    ['frame=last', Number.POSITIVE_INFINITY],
    ['frame=2.5', 2500],
    ['frame=40', 40_000],
    ['trim=3-8&frame=first', 3000],
    ['trim=3-8&frame=last', 7999.99],
    ['trim=3-8&frame=2', 5000],
    ['trim=3-8&frame=5', 7999.99],
    ['trim=3&frame=last', Number.POSITIVE_INFINITY],
    ['trim=-5&frame=first', 35_000],
  ])('finds the time of %s', (edits, atMs) => {
    expect(frame(edits).atMs).toBe(atMs);
  });

  test('says what part the frame is taken from', () => {
    expect(frame('trim=3-8&frame=2').texts).toEqual(['cut to 3 s to 8 s', 'frame at 2 s taken']);
    expect(() => frame('trim=3-8&frame=6')).toThrow('no frame at 6 s of the requested part: it lasts 5 s');
    expect(() => frame('frame=40.001')).toThrow('no frame at 40.001 s: it lasts 40 s');
  });

  test.each(['frame=99', 'frame=40.2', 'trim=3-8&frame=6', 'trim=50-60&frame=last'])(
    'refuses %s, which is outside the clip',
    (edits) => {
      expect(() => frame(edits)).toThrow(expect.objectContaining({ code: 'cannot_fit' }));
    },
  );

  test('keeps every pixel, however large, and makes them square', () => {
    expect(frame('frame=last', { video: { width: 3840, height: 2160 } }).filters).toEqual([]);
    expect(frame('frame=last', { video: { width: 720, height: 577, pixelAspect: 16 / 15 } }).filters).toEqual(
      ['scale=768:577:flags=lanczos', 'setsar=1'],
    );
    expect(frame('aspect=1:1&frame=last').filters).toEqual(['crop=1080:1080:exact=1']);
  });
});
