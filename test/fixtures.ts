import { fileURLToPath } from 'node:url';

/** One image of `test/fixtures`: its name, absolute path, the type it is sent as, and its true pixels and bytes. */
export interface Fixture {
  readonly name: string;
  readonly file: string;
  readonly contentType: 'image/jpeg' | 'image/png' | 'image/webp';
  readonly width: number;
  readonly height: number;
  readonly size: number;
}

// Written by hand, so that the right values come neither from the client nor from the sandbox.
const table = [
  { name: 'dunes.webp', contentType: 'image/webp', width: 150, height: 100, size: 854 }, // lossy, VP8
  { name: 'logo.webp', contentType: 'image/webp', width: 120, height: 60, size: 2928 }, // lossless with alpha, VP8L
  { name: 'loop.webp', contentType: 'image/webp', width: 100, height: 80, size: 2412 }, // six frames, VP8X
  { name: 'night.png', contentType: 'image/png', width: 90, height: 120, size: 3443 },
  { name: 'spinner.png', contentType: 'image/png', width: 64, height: 64, size: 7571 }, // APNG, four frames
  { name: 'sunset.jpg', contentType: 'image/jpeg', width: 160, height: 90, size: 2395 }, // baseline, 16:9
  { name: 'waves-progressive.jpg', contentType: 'image/jpeg', width: 128, height: 72, size: 2095 }, // 16:9 too
] as const;

/** Every image of `test/fixtures`, in natural order of name. */
export const fixtures: readonly Fixture[] = table.map((image) => ({
  ...image,
  file: fileURLToPath(new URL(`fixtures/${image.name}`, import.meta.url)),
}));

/** The fixture of that name. */
export function fixture(name: (typeof table)[number]['name']): Fixture {
  return fixtures.find((image) => image.name === name)!;
}

/** One video or audio file of `test/clips`: its name, absolute path, the type it is sent as, and its true measures. */
export interface Clip {
  readonly name: string;
  readonly file: string;
  readonly type: 'video' | 'audio';
  readonly contentType: string;
  /** Zero for audio. */
  readonly width: number;
  /** Zero for audio. */
  readonly height: number;
  readonly durationMs: number;
  readonly size: number;
}

// From test/clips/make-clips.sh; measured with ffprobe, packet by packet for MP3 and AAC.
const clipTable = [
  { name: 'clip.mov', contentType: 'video/quicktime', width: 208, height: 256, durationMs: 3000, size: 9955 },
  { name: 'clip.mp4', contentType: 'video/mp4', width: 224, height: 208, durationMs: 2500, size: 8639 },
  { name: 'clip.webm', contentType: 'video/webm', width: 240, height: 208, durationMs: 2208, size: 3695 },
  { name: 'tone.aac', contentType: 'audio/aac', width: 0, height: 0, durationMs: 2368, size: 5184 },
  { name: 'tone.m4a', contentType: 'audio/mp4', width: 0, height: 0, durationMs: 2600, size: 6508 },
  { name: 'tone.mp3', contentType: 'audio/mpeg', width: 0, height: 0, durationMs: 2484, size: 5168 },
  { name: 'tone.wav', contentType: 'audio/wav', width: 0, height: 0, durationMs: 2100, size: 8444 },
] as const;

/** Every clip of `test/clips`, in natural order of name. */
export const clips: readonly Clip[] = clipTable.map((clip) => ({
  ...clip,
  type: clip.contentType.startsWith('video/') ? 'video' : 'audio',
  file: fileURLToPath(new URL(`clips/${clip.name}`, import.meta.url)),
}));

/** The clip of that name. */
export function clip(name: (typeof clipTable)[number]['name']): Clip {
  return clips.find((other) => other.name === name)!;
}
