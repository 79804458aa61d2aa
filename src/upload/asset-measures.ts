import type { UploadedAsset } from '../client/upload-answer.ts';
import type { AssetFacts } from '../media/check-asset.ts';
import type { Measures } from '../media/limits.ts';

/** The duration and dimensions of an asset in its record. */
export interface AssetMeasures {
  /** Pixels; images and videos. */
  readonly width?: number;
  /** Pixels; images and videos. */
  readonly height?: number;
  /** Videos and audio. */
  readonly mediaDurationMs?: number;
}

/** The measures of a checked file. */
export function toMeasures({ width, height, durationMs }: Measures): AssetMeasures {
  return {
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(durationMs !== undefined && { mediaDurationMs: Math.round(durationMs) }),
  };
}

/** Differences up to this much are the rounding of a container. */
const toleranceMs = 100;
const tolerancePixels = 1;

/**
 * The measures of an uploaded asset: of an image the server's, of a video or audio file those measured here, or the
 * server's if nothing could be measured.
 */
export function combineMeasures(
  checked: AssetFacts,
  { width, height, durationMs }: UploadedAsset,
): { readonly measures: AssetMeasures; readonly warnings: readonly string[] } {
  const { type } = checked;
  const theirs = toMeasures({
    // For an audio file, the server returns a meaningless width and height.
    ...(type !== 'audio' && { width, height }),
    ...(type !== 'image' && { durationMs }),
  });
  if (type === 'image') {
    return { measures: theirs, warnings: [] };
  }
  const ours = toMeasures(checked);
  return { measures: { ...theirs, ...ours }, warnings: compareMeasures(ours, theirs) };
}

function compareMeasures(ours: AssetMeasures, theirs: AssetMeasures): readonly string[] {
  const warnings: string[] = [];
  if (differ(ours.mediaDurationMs, theirs.mediaDurationMs, toleranceMs)) {
    warnings.push(
      `the server reports ${theirs.mediaDurationMs! / 1000} s; this program measured ${ours.mediaDurationMs! / 1000} s`,
    );
  }
  const haveSize = theirs.width !== undefined && theirs.height !== undefined;
  if (
    haveSize &&
    (differ(ours.width, theirs.width, tolerancePixels) || differ(ours.height, theirs.height, tolerancePixels))
  ) {
    warnings.push(
      `the server reports ${theirs.width}x${theirs.height} pixels; this program measured ${ours.width}x${ours.height}`,
    );
  }
  return warnings;
}

function differ(ours: number | undefined, theirs: number | undefined, tolerance: number): boolean {
  return ours !== undefined && theirs !== undefined && Math.abs(ours - theirs) > tolerance;
}
