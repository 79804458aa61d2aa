import { joinWords } from '../words.ts';

/**
 * The one table of accepted types: https://useapi.net/docs/api-dreamina-v1/post-dreamina-assets-account. File names
 * only decide which files `-r` and completion offer; the content of a file decides its type.
 */
export const assetTypes = {
  image: {
    formats: [
      { name: 'JPEG', contentType: 'image/jpeg', extensions: ['jpg', 'jpeg'] },
      { name: 'PNG', contentType: 'image/png', extensions: ['png'] },
      { name: 'WebP', contentType: 'image/webp', extensions: ['webp'] },
    ],
    maxBytes: 10_485_760,
    durationMs: undefined,
    sidePx: undefined,
  },
  video: {
    formats: [
      { name: 'MP4', contentType: 'video/mp4', extensions: ['mp4', 'm4v'] },
      { name: 'QuickTime', contentType: 'video/quicktime', extensions: ['mov'] },
      { name: 'WebM', contentType: 'video/webm', extensions: ['webm'] },
    ],
    maxBytes: 52_428_800,
    durationMs: { min: 2000, max: 15_400 },
    sidePx: { min: 200, max: 2160 },
  },
  audio: {
    formats: [
      { name: 'MP3', contentType: 'audio/mpeg', extensions: ['mp3'] },
      { name: 'WAV', contentType: 'audio/wav', extensions: ['wav'] },
      { name: 'M4A', contentType: 'audio/mp4', extensions: ['m4a'] },
      { name: 'AAC', contentType: 'audio/aac', extensions: ['aac'] },
    ],
    maxBytes: 15_728_640,
    durationMs: { min: 2000, max: 15_000 },
    sidePx: undefined,
  },
} as const satisfies Record<string, Rules>;

interface Rules {
  readonly formats: readonly {
    readonly name: string;
    readonly contentType: string;
    /** The usual ones, in lower case, without a dot. */
    readonly extensions: readonly string[];
  }[];
  /** The API's "MB" may mean less; that is left to the server. */
  readonly maxBytes: number;
  readonly durationMs: Range | undefined;
  /** Of each side, as it is displayed. */
  readonly sidePx: Range | undefined;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** The API's types of assets. */
export type AssetType = keyof typeof assetTypes;

/** The Content-Types of assets. */
export type ContentType = (typeof assetTypes)[AssetType]['formats'][number]['contentType'];

/** The Content-Types of images. */
export type ImageContentType = (typeof assetTypes)['image']['formats'][number]['contentType'];

/** Every type, in the order in which they are named to people. */
export const assetTypeNames = Object.keys(assetTypes) as readonly AssetType[];

/** Every format, with the type of asset that it is. */
const formats = assetTypeNames.flatMap((type) => assetTypes[type].formats.map((it) => ({ ...it, type })));

/** Containers round durations, so excesses up to this are left to the server. */
export const durationToleranceMs = 100;

/** The largest file without limits, 2 GiB: Node cannot read a larger one into memory. */
export const maxUnlimitedBytes = 2 ** 31 - 1;

/** Whether that MIME type is one of those that are accepted. */
export function isContentType(mime: string): mime is ContentType {
  return formats.some((it) => it.contentType === mime);
}

/** Which type of asset is sent with that Content-Type. */
export function resolveType(contentType: ContentType): AssetType {
  return formats.find((it) => it.contentType === contentType)!.type;
}

/** Whether that Content-Type is one of an image's. */
export function isImageContentType(contentType: ContentType): contentType is ImageContentType {
  return resolveType(contentType) === 'image';
}

/** The file name extensions of all formats, in lower case, without a dot. */
export function listExtensions(): readonly string[] {
  return formats.flatMap((it) => it.extensions);
}

/** The names of the formats of those types, as in "JPEG, PNG and WebP". */
export function formatNames(
  types: readonly AssetType[] = assetTypeNames,
  conjunction: 'and' | 'or' = 'and',
): string {
  const names = formats.filter(({ type }) => types.includes(type)).map(({ name }) => name);
  return joinWords(names, conjunction);
}
