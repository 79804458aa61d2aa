import type { Sharp } from 'sharp';
import { FileError } from '../../errors.ts';
import type { ImageRecipe } from './image-recipe.ts';
import type { OpenedImage } from './open-image.ts';

/** An encoded image. */
export interface EncodedImage {
  readonly bytes: Buffer;
  readonly extension: 'png' | 'jpg' | 'webp';
  /** The changes, as texts for people. */
  readonly texts: readonly string[];
}

const maxQuality = 95;
const qualitiesBetween = [90, 85];
/** Below this quality, loss is visible: fewer pixels look better. */
const minQuality = 80;
/** Scales down a little more than in proportion, because a smaller image needs more bytes per pixel. */
const reduction = 0.97;
/** How often an image is scaled down at most. */
const maxReductions = 6;

/**
 * Encodes an image so that it has as many bytes as the recipe allows.
 *
 * @throws FileError `cannot_fit`, or an error of sharp
 */
export async function encodeImage(opened: OpenedImage, recipe: ImageRecipe): Promise<EncodedImage> {
  const { maxBytes = Number.POSITIVE_INFINITY } = recipe;
  const depths = !recipe.losslessFirst ? [] : opened.deep ? ([16, 8] as const) : ([8] as const);
  for (const bits of depths) {
    const image = opened.open().toColourspace(bits === 16 ? 'rgb16' : 'srgb');
    // Without these two, a PNG of 25 MB grows to 34.
    const bytes = await image.png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
    if (bytes.length <= maxBytes) {
      return { bytes, extension: 'png', texts: [`saved as PNG of ${bits} bits a channel`] };
    }
  }
  // An image with an alpha channel may still be opaque.
  const isOpaque = !opened.hasAlpha || (await opened.open().stats()).isOpaque;
  const format = isOpaque ? jpeg : webp;
  const longestPx = Math.max(opened.width, opened.height);
  if (longestPx > format.maxSidePx) {
    return reducePixels(opened, format, maxBytes, format.maxSidePx / longestPx);
  }
  const smallest = await findQuality(opened.open, format, maxBytes);
  return smallest.bytes.length <= maxBytes
    ? smallest
    : reducePixels(opened, format, maxBytes, reduction * Math.sqrt(maxBytes / smallest.bytes.length));
}

/** A format that gives up detail to need fewer bytes. */
interface LossyFormat {
  readonly name: string;
  readonly extension: EncodedImage['extension'];
  readonly maxSidePx: number;
  encode(image: Sharp, quality: number): Sharp;
}

const jpeg: LossyFormat = {
  name: 'JPEG',
  extension: 'jpg',
  maxSidePx: 65_500,
  // Optimised for it, a JPEG is 2 % smaller, and takes the memory of all its coefficients.
  encode: (image, quality) =>
    image.removeAlpha().jpeg({ quality, chromaSubsampling: '4:4:4', optimiseCoding: false }),
};

const webp: LossyFormat = {
  name: 'WebP',
  extension: 'webp',
  maxSidePx: 16_383,
  encode: (image, quality) => image.webp({ quality }),
};

async function writeLossy(
  { name, extension, encode }: LossyFormat,
  image: Sharp,
  quality: number,
): Promise<EncodedImage> {
  const bytes = await encode(image.toColourspace('srgb'), quality).toBuffer();
  return { bytes, extension, texts: [`saved as ${name} of quality ${quality}`] };
}

/** The best quality that is small enough, or the worst. */
async function findQuality(open: () => Sharp, format: LossyFormat, maxBytes: number): Promise<EncodedImage> {
  const write = (quality: number) => writeLossy(format, open(), quality);
  const best = await write(maxQuality);
  if (best.bytes.length <= maxBytes) {
    return best;
  }
  // The worst comes second: if that is too large, the qualities between need not be tried.
  const worst = await write(minQuality);
  if (worst.bytes.length <= maxBytes) {
    for (const quality of qualitiesBetween) {
      const written = await write(quality);
      if (written.bytes.length <= maxBytes) {
        return written;
      }
    }
  }
  return worst;
}

/** Scales the source down until it fits; each try corrects the scale by the excess of the last. */
async function reducePixels(
  opened: OpenedImage,
  format: LossyFormat,
  maxBytes: number,
  firstScale: number,
): Promise<EncodedImage> {
  let scale = firstScale;
  for (let i = 0; i < maxReductions; i += 1) {
    const width = Math.max(1, Math.floor(opened.width * scale));
    const height = Math.max(1, Math.floor(opened.height * scale));
    const resized = opened.open().resize({ width, height, fit: 'fill' });
    const written = await writeLossy(format, resized, minQuality);
    if (written.bytes.length <= maxBytes) {
      return { ...written, texts: [`scaled to ${width}x${height}`, ...written.texts] };
    }
    scale *= reduction * Math.sqrt(maxBytes / written.bytes.length);
  }
  throw new FileError('cannot_fit', 'it is still too large after scaling it down several times');
}
