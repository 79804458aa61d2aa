import type { Aspect } from '../../files/edits.ts';
import { assetTypes } from '../../media/asset-types.ts';
import type { Sides } from '../../media/sides.ts';
import { describeCrop, resolveCrop } from '../crop.ts';
import type { ImageFormat } from '../formats.ts';
import type { ImageHeader } from './image-header.ts';

/** An image before it is decoded. */
export interface ImageSource {
  readonly format: ImageFormat;
  readonly sizeBytes: number;
  /** undefined for formats that the service does not accept, which are always converted. */
  readonly header: ImageHeader | undefined;
  /** As they are shown; undefined if they are unknown, or nothing depends on it. */
  readonly sides?: Sides | undefined;
}

/** How an image is converted. */
export interface ImageRecipe {
  readonly decoder: ImageFormat['decoder'];
  readonly aspect: Aspect | undefined;
  /** undefined if the size is left to the server. */
  readonly maxBytes: number | undefined;
  /** Whether to try lossless encoding first; a source that is lossy already gains nothing by it. */
  readonly losslessFirst: boolean;
  /** Whether `texts` describes rotation and colours; for other formats, only the decoder knows them. */
  readonly describesHeader: boolean;
  /** The changes, as far as they are known beforehand; texts for people. */
  readonly texts: readonly string[];
}

/** Decides how an image is converted; undefined if it needs no conversion. */
export function resolveImageRecipe(
  source: ImageSource,
  aspect: Aspect | undefined,
  options: { readonly noLimits: boolean },
): ImageRecipe | undefined {
  const { format, header, sides, sizeBytes } = source;
  const { maxBytes } = assetTypes.image;
  const isTooLarge = sizeBytes > maxBytes && !options.noLimits && format.accepted;
  const isAnimated = format.contentType === 'image/gif' || header?.animated === true;
  // If its sides are unknown, it may have another shape.
  const mayCrop = aspect && (sides === undefined || resolveCrop(sides.width, sides.height, aspect));
  const changes = [
    ...(header === undefined || options.noLimits ? [] : describeHeader(header)),
    ...(mayCrop ? [describeCrop(aspect)] : []),
    ...(isTooLarge ? ['compressed to at most 10 MB'] : []),
  ];
  if (format.accepted && changes.length === 0) {
    return undefined;
  }
  return {
    decoder: format.decoder,
    aspect,
    maxBytes: options.noLimits ? undefined : maxBytes,
    losslessFirst: format.lossless,
    describesHeader: header !== undefined,
    texts: [
      ...(format.accepted ? [] : [`converted from ${format.name}`]),
      ...(isAnimated ? ['first frame taken'] : []),
      ...changes,
    ],
  };
}

/** The changes that a header requires, for people. */
export function describeHeader({
  orientation,
  profile,
  cmyk,
}: Pick<ImageHeader, 'orientation' | 'profile' | 'cmyk'>): string[] {
  return [
    ...(orientation === 1 ? [] : ['turned upright']),
    ...(cmyk ? ['converted from CMYK to sRGB'] : []),
    ...(cmyk || profile === undefined || profile.likeSrgb ? [] : [`converted from ${profile.name} to sRGB`]),
  ];
}
