import {
  type AssetType,
  type ContentType,
  limits,
  matchesContentType,
  measure,
  typeOf,
} from './media/formats.ts';
import type { Measures } from './media/measures.ts';

/** An upload that was read to its end. */
export interface Upload {
  readonly account: string;
  readonly contentType: ContentType;
  /** In bytes. */
  readonly size: number;
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
  /** Undefined if there are more than the limit of the type. */
  readonly bytes: Buffer | undefined;
}

/** The facts about an upload's content that the API returns. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
  /** Whole milliseconds; undefined for an image. */
  readonly durationMs?: number | undefined;
}

/** The dimensions that the API returns for every audio file. */
const audioSides = { width: 480, height: 360 };

/** The name of each type, and what an upload of it must say. */
const words: Readonly<Record<AssetType, { readonly title: string; readonly measures: string }>> = {
  image: { title: 'Image', measures: 'width and height' },
  video: { title: 'Video', measures: 'duration, width and height' },
  audio: { title: 'Audio', measures: 'duration' },
};

/** Measures an upload and checks it against the limits of its type. A string describes its fault. */
export function checkUpload(upload: Upload): Dimensions | string {
  const type = typeOf(upload.contentType);
  const dimensions = checkFile(upload, type);
  return typeof dimensions === 'string' ? `${words[type].title} ${dimensions}` : dimensions;
}

function checkFile({ contentType, size, bytes }: Upload, type: AssetType): Dimensions | string {
  const { maxBytes, durationMs: durations, sidePx } = limits[type];
  if (size === 0) {
    return 'is empty';
  }
  if (bytes === undefined) {
    return `is too large: ${size} bytes, the limit is ${maxBytes}`;
  }
  if (!matchesContentType(bytes, contentType)) {
    return `does not match its Content-Type (${contentType})`;
  }
  const measures = measure(bytes, contentType);
  if (!measures || !isComplete(type, measures)) {
    return `is damaged: its ${words[type].measures} cannot be read`;
  }
  const { sides } = measures;
  if (type === 'audio' && sides) {
    return `does not match its Content-Type (${contentType}): it has a video track`;
  }
  if (type === 'video' && !sides) {
    return 'has no video track';
  }
  const { width, height } = sides ?? audioSides;
  const durationMs = measures.durationMs && Math.round(measures.durationMs);
  if (durations && !isWithin(durationMs!, durations)) {
    const [min, max] = durations.map((limit) => limit / 1000);
    return `duration (${durationMs! / 1000} seconds) not supported. Valid values: ${min} to ${max} seconds`;
  }
  if (sidePx && !(isWithin(width, sidePx) && isWithin(height, sidePx))) {
    return `dimensions (${width}x${height}) not supported. Valid values: ${sidePx.join(' to ')} pixels a side`;
  }
  return { width, height, durationMs };
}

function isComplete(type: AssetType, { sides, durationMs }: Measures): boolean {
  const hasDuration = durationMs !== undefined && durationMs > 0 && Number.isFinite(durationMs);
  switch (type) {
    case 'image':
      return hasArea(sides);
    case 'video':
      return hasDuration && (sides === undefined || hasArea(sides));
    case 'audio':
      return hasDuration;
  }
}

function hasArea(sides: Measures['sides']): boolean {
  return sides !== undefined && sides.width > 0 && sides.height > 0;
}

function isWithin(value: number, [min, max]: readonly [number, number]): boolean {
  return value >= min && value <= max;
}
