import {
  measureFrames,
  type ReadFrame,
  readAdtsFrame,
  readMp3Frame,
  startsWithFrames,
} from './audio-frames.ts';
import { isMp4, isQuickTime, measureIsoMedia } from './iso-media.ts';
import { isJpeg, measureJpeg } from './jpeg.ts';
import { isWebm, measureWebm } from './matroska.ts';
import type { Measures } from './measures.ts';
import { isPng, measurePng } from './png.ts';
import { isWav, measureWav } from './wav.ts';
import { isWebp, measureWebp } from './webp.ts';

/** The types of assets. */
export type AssetType = 'image' | 'video' | 'audio';

/** A Content-Type that the API accepts. */
export type ContentType = keyof typeof formats;

/** The limits of the API's page for one type; both ends are inclusive. */
export interface Limits {
  readonly maxBytes: number;
  readonly durationMs?: readonly [min: number, max: number];
  /** Of the width and of the height, in pixels. */
  readonly sidePx?: readonly [min: number, max: number];
}

/** How to recognise files of one Content-Type, and how to measure them. */
interface Format {
  readonly type: AssetType;
  /** Whether the bytes begin like such a file; may throw a RangeError if not. */
  readonly matches: (bytes: Buffer) => boolean;
  /** Throws a RangeError if the file is damaged. */
  readonly measure: (bytes: Buffer) => Measures;
}

/** The limits of each type. */
export const limits: Readonly<Record<AssetType, Limits>> = {
  image: { maxBytes: 10_485_760 },
  video: { maxBytes: 52_428_800, durationMs: [2000, 15_400], sidePx: [200, 2160] },
  audio: { maxBytes: 15_728_640, durationMs: [2000, 15_000] },
};

const mp3 = audioOfFrames(readMp3Frame);

const formats = {
  'image/jpeg': { type: 'image', matches: isJpeg, measure: measureJpeg },
  'image/png': { type: 'image', matches: isPng, measure: measurePng },
  'image/webp': { type: 'image', matches: isWebp, measure: measureWebp },
  'video/mp4': { type: 'video', matches: isMp4, measure: measureIsoMedia },
  'video/quicktime': { type: 'video', matches: isQuickTime, measure: measureIsoMedia },
  'video/webm': { type: 'video', matches: isWebm, measure: measureWebm },
  'audio/mpeg': mp3,
  'audio/mp3': mp3,
  'audio/wav': { type: 'audio', matches: isWav, measure: measureWav },
  'audio/mp4': { type: 'audio', matches: isMp4, measure: measureIsoMedia },
  'audio/aac': audioOfFrames(readAdtsFrame),
} as const satisfies Record<string, Format>;

function audioOfFrames(readFrame: ReadFrame): Format {
  return {
    type: 'audio',
    matches: (bytes) => startsWithFrames(bytes, readFrame),
    measure: (bytes) => measureFrames(bytes, readFrame),
  };
}

/** The Content-Types that the API accepts, in the order in which it names them. */
export const contentTypes = Object.keys(formats) as readonly ContentType[];

/** The type of files with a Content-Type. */
export function typeOf(contentType: ContentType): AssetType {
  return formats[contentType].type;
}

/** Whether the bytes begin like a file of that Content-Type. */
export function matchesContentType(bytes: Buffer, contentType: ContentType): boolean {
  return orIfDamaged(() => formats[contentType].matches(bytes), false);
}

/** Measures a file; undefined if it is damaged. */
export function measure(bytes: Buffer, contentType: ContentType): Measures | undefined {
  return orIfDamaged(() => formats[contentType].measure(bytes), undefined);
}

function orIfDamaged<Result, Otherwise>(read: () => Result, otherwise: Otherwise): Result | Otherwise {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) {
      return otherwise;
    }
    throw error;
  }
}
