import { FileError } from '../errors.ts';
import { groupDigits } from '../words.ts';
import {
  type AssetType,
  assetTypeNames,
  assetTypes,
  durationToleranceMs,
  maxUnlimitedBytes,
} from './asset-types.ts';

/** The limited measures of a file; those that it does not say are left to the server. */
export interface Measures {
  /** Videos and audio. */
  readonly durationMs?: number | undefined;
  /** Pixels, as displayed; videos only. */
  readonly width?: number | undefined;
  /** Pixels. */
  readonly height?: number | undefined;
}

/** The largest file of any type that is sent. */
export function maxSizeBytes(noLimits: boolean): number {
  return noLimits ? maxUnlimitedBytes : Math.max(...assetTypeNames.map((type) => assetTypes[type].maxBytes));
}

/** The name of one file of a type, and advice on one that is too large. */
const words = {
  image: ['an image', 'Scale it down or compress it more, and upload the smaller file.'],
  video: ['a video', 'Shorten it, or encode it with a lower bit rate.'],
  audio: ['an audio file', 'Shorten it, or convert it to MP3 or M4A, which are smaller.'],
} as const satisfies Record<AssetType, readonly [name: string, smaller: string]>;

/** @throws FileError `too_large` for a file that has too many bytes */
export function checkSize(type: AssetType, sizeBytes: number, noLimits: boolean): void {
  const maxBytes = noLimits ? maxUnlimitedBytes : assetTypes[type].maxBytes;
  if (sizeBytes > maxBytes) {
    const [name, smaller] = words[type];
    const limit = noLimits ? 'the limit' : `the limit for ${name}`;
    throw new FileError(
      'too_large',
      `it has ${groupDigits(sizeBytes)} bytes; ${limit} is ${groupDigits(maxBytes)}`,
      { hint: smaller, fittable: !noLimits },
    );
  }
}

/**
 * Checks duration and dimensions, unless the server is to do so.
 *
 * @throws FileError `bad_duration` or `bad_dimensions`
 */
export function checkMeasures(type: AssetType, measures: Measures, noLimits: boolean): void {
  if (!noLimits) {
    checkDuration(type, measures);
    checkDimensions(type, measures);
  }
}

function checkDuration(type: AssetType, { durationMs }: Measures): void {
  const limits = assetTypes[type].durationMs;
  if (limits === undefined || durationMs === undefined) {
    return;
  }
  const isShort = durationMs < limits.min - durationToleranceMs;
  if (isShort || durationMs > limits.max + durationToleranceMs) {
    const [min, max] = [limits.min / 1000, limits.max / 1000];
    throw new FileError(
      'bad_duration',
      `it lasts ${durationMs / 1000} s; ${words[type][0]} may last ${min} to ${max} s`,
      {
        hint: isShort ? `Use a longer one, of ${min} s or more.` : `Trim it to ${max} s.`,
        fittable: !isShort,
      },
    );
  }
}

function checkDimensions(type: AssetType, { width, height }: Measures): void {
  const limits = assetTypes[type].sidePx;
  if (limits === undefined || width === undefined || height === undefined) {
    return;
  }
  const { min, max } = limits;
  const isSmall = Math.min(width, height) < min;
  if (isSmall || Math.max(width, height) > max) {
    throw new FileError(
      'bad_dimensions',
      `it is shown at ${width} x ${height} pixels; each side may have ${min} to ${max}`,
      {
        hint: isSmall
          ? `Scale it up so that each side has ${min} pixels or more.`
          : `Scale it down so that no side has more than ${max} pixels.`,
        fittable: !isSmall,
      },
    );
  }
}
