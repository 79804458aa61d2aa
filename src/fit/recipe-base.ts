import { assetTypes, maxUnlimitedBytes } from '../media/asset-types.ts';
import type { ClipFacts } from './clip-facts.ts';
import type { ClipPart } from './clip-part.ts';
import type { ClipFormat } from './formats.ts';

/** How a clip is converted. */
export interface ClipRecipe {
  readonly type: 'video' | 'audio';
  readonly container: ClipContainer;
  readonly startMs: number;
  /** undefined up to the end. */
  readonly lengthMs: number | undefined;
  /** ffmpeg's options for each stream that is kept. */
  readonly streams: readonly string[];
  /** A guard against endless output, far above the expected size. */
  readonly maxOutputBytes: number;
  readonly outcome: ClipOutcome;
  /** The changes, for people. */
  readonly texts: readonly string[];
}

/** The expected result, as far as it is known before encoding. */
export interface ClipOutcome {
  readonly durationMs: number;
  readonly width?: number;
  readonly height?: number;
}

/** The format that ffmpeg writes. */
export interface ClipContainer {
  readonly muxer: string;
  readonly contentType: string;
  readonly extension: string;
  /** ffmpeg's options for it. */
  readonly options: readonly string[];
}

const faststart = ['-movflags', '+faststart'];
/** The containers of converted clips. */
export const containers = {
  mp4: { muxer: 'mp4', contentType: 'video/mp4', extension: 'mp4', options: faststart },
  mov: { muxer: 'mov', contentType: 'video/quicktime', extension: 'mov', options: faststart },
  webm: { muxer: 'webm', contentType: 'video/webm', extension: 'webm', options: [] },
  m4a: { muxer: 'ipod', contentType: 'audio/mp4', extension: 'm4a', options: faststart },
  mp3: { muxer: 'mp3', contentType: 'audio/mpeg', extension: 'mp3', options: [] },
  wav: { muxer: 'wav', contentType: 'audio/wav', extension: 'wav', options: [] },
  aac: { muxer: 'adts', contentType: 'audio/aac', extension: 'aac', options: [] },
} as const satisfies Record<string, ClipContainer>;

/** The source that a recipe is for. */
export interface ClipSource {
  readonly format: ClipFormat;
  readonly facts: ClipFacts;
  readonly sizeBytes: number;
}

/** The part that the recipes of videos and of audio share. */
export function createBase(type: ClipRecipe['type'], part: ClipPart, noLimits: boolean) {
  return {
    type,
    startMs: part.startMs,
    lengthMs: part.endMs === undefined ? undefined : part.lengthMs,
    maxOutputBytes: noLimits ? maxUnlimitedBytes : assetTypes[type].maxBytes * 2,
  };
}

/** For people: that nothing is encoded. */
export function describeCopy({ extension }: ClipContainer): string {
  const name = extension === 'webm' ? 'WebM' : extension.toUpperCase();
  return `copied into ${name}, not encoded`;
}
