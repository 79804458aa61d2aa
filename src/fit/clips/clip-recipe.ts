import { assetTypes, maxUnlimitedBytes } from '../../media/asset-types.ts';
import type { ClipFormat } from '../formats.ts';
import type { ClipContainer } from './clip-container.ts';
import type { ClipFacts } from './clip-facts.ts';
import type { ClipPart } from './clip-part.ts';

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
