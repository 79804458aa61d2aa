import { rm } from 'node:fs/promises';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { FileError } from '../../errors.ts';
import { describeCrop, resolveCrop } from '../crop.ts';
import { maxPixels } from '../max-pixels.ts';
import { readColourProfile } from './colour-profile.ts';
import { decodeHeic } from './decode-heic.ts';
import { finishTiff } from './finish-tiff.ts';
import { describeHeader, type ImageRecipe } from './image-recipe.ts';
import { loadSharp } from './optional-modules.ts';
import { findProfile, tagImage } from './tag-image.ts';

/** A converted image. */
export interface FittedImage {
  readonly bytes: Buffer;
  readonly contentType: 'image/png' | 'image/jpeg' | 'image/webp';
  /** The changes, as texts for people. */
  readonly texts: readonly string[];
}

/** An image takes seconds; a decoder that takes longer than this hangs. */
const timeoutMs = 120_000;
const maxQuality = 95;
const qualitiesBetween = [90, 85];
/** Below this quality, loss is visible: fewer pixels look better. */
const minQuality = 80;
/** Scales down a little more than in proportion, because a smaller image needs more bytes per pixel. */
const reduction = 0.97;
/** How often an image is scaled down at most. */
const maxReductions = 6;

/** An image and how sharp opens it: once for each encoding, because pixels are streamed and not kept. */
interface Opened {
  readonly open: () => Sharp;
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  /** Sixteen bits a sample. */
  readonly deep: boolean;
  /** The changes made on opening; only then is it known whether the image has another shape. */
  readonly texts: readonly string[];
}

/**
 * Decodes an image and encodes it as the recipe says.
 *
 * @param scratchPath an unused path, for the decoded image
 * @throws FileError `cannot_fit`, or an error of the file system
 */
export async function fitImage(path: string, recipe: ImageRecipe, scratchPath: string): Promise<FittedImage> {
  try {
    const opened = await openImage(path, recipe, scratchPath);
    const { texts, ...encoded } = await encode(opened, recipe);
    return { ...encoded, texts: [...opened.texts, ...texts] };
  } catch (error) {
    throw error instanceof FileError || 'code' in (error as Error) ? error : undecodable(error as Error);
  } finally {
    await rm(scratchPath, { force: true });
  }
}

async function openImage(path: string, recipe: ImageRecipe, scratchPath: string): Promise<Opened> {
  const sharp = loadSharp();
  const fileOptions: SharpOptions = { limitInputPixels: maxPixels, failOn: 'error', pages: 1 };
  const metadata = await sharp(path, fileOptions).metadata();
  refuseUnfit(metadata);
  const icc = await findProfile(path, metadata);
  const { hasAlpha } = metadata;
  let decoded: Pick<Opened, 'width' | 'height' | 'hasAlpha'> & { readonly input: string };
  if (recipe.decoder === 'heic-decode') {
    decoded = await openHeic(path, { icc, hasAlpha }, scratchPath);
  } else if (icc !== undefined && metadata.icc === undefined) {
    await tagImage(path, icc, scratchPath, metadata, fileOptions);
    decoded = { input: scratchPath, ...metadata.autoOrient, hasAlpha };
  } else {
    decoded = { input: path, ...metadata.autoOrient, hasAlpha };
  }
  // sharp turns deep colours with a profile into Display P3, and does not say so.
  const isTurnedToP3 = icc !== undefined && metadata.space === 'rgb16';
  const crop = recipe.aspect && resolveCrop(decoded.width, decoded.height, recipe.aspect);
  const cropText = recipe.aspect && describeCrop(recipe.aspect);
  return {
    open: () => {
      const image = sharp(decoded.input, fileOptions)
        .timeout({ seconds: timeoutMs / 1000 })
        .autoOrient();
      if (isTurnedToP3) {
        image.withIccProfile('srgb', { attach: false });
      }
      return crop === undefined ? image : image.extract(crop);
    },
    width: crop?.width ?? decoded.width,
    height: crop?.height ?? decoded.height,
    hasAlpha: decoded.hasAlpha,
    deep: metadata.depth === 'ushort',
    texts: [
      ...recipe.texts.filter((text) => crop !== undefined || text !== cropText),
      ...(metadata.format === 'tiff' && (metadata.pages ?? 1) > 1 ? ['first page taken'] : []),
      ...describeFound({ ...metadata, icc }, recipe),
    ],
  };
}

/** The decoder applies the file's own rotation, but returns the pixels without the colour profile. */
async function openHeic(
  path: string,
  { icc, hasAlpha }: { readonly icc: Buffer | undefined; readonly hasAlpha: boolean },
  scratchPath: string,
): Promise<Pick<Opened, 'width' | 'height' | 'hasAlpha'> & { readonly input: string }> {
  const pixels = await decodeHeic(path, scratchPath, { maxPixels, hasAlpha });
  await finishTiff(pixels, icc);
  const { width, height, channels } = pixels;
  return { input: scratchPath, width, height, hasAlpha: channels === 4 };
}

/** Refuses images that the library would silently change. */
function refuseUnfit(metadata: Metadata): void {
  if (metadata.format === 'svg') {
    throw new FileError('cannot_fit', 'it is an SVG drawing', { hint: 'Export it as PNG.' });
  }
  if (!/^u(char|short)$/.test(metadata.depth)) {
    const isWhole = /^u?(char|short|int)$/.test(metadata.depth);
    throw new FileError(
      'cannot_fit',
      `its pixels are ${isWhole ? 'signed or 32-bit' : 'floating-point'} numbers, and it does not define black and white`,
      { hint: 'Export it with 8 or 16 bits a channel.' },
    );
  }
}

/** Describes the header of a format that is always converted; for accepted formats, the recipe describes it. */
function describeFound(
  metadata: Omit<Metadata, 'icc'> & { readonly icc: Buffer | undefined },
  recipe: ImageRecipe,
): readonly string[] {
  if (recipe.describesHeader) {
    return [];
  }
  return describeHeader({
    // heic-decode has rotated it already.
    orientation: recipe.decoder === 'heic-decode' ? 1 : (metadata.orientation ?? 1),
    cmyk: metadata.space === 'cmyk',
    profile: metadata.icc && readColourProfile(metadata.icc),
  });
}

async function encode(opened: Opened, recipe: ImageRecipe): Promise<FittedImage> {
  const { maxBytes = Number.POSITIVE_INFINITY } = recipe;
  const depths = !recipe.losslessFirst ? [] : opened.deep ? ([16, 8] as const) : ([8] as const);
  for (const bits of depths) {
    const image = opened.open().toColourspace(bits === 16 ? 'rgb16' : 'srgb');
    // Without these two, a PNG of 25 MB grows to 34.
    const bytes = await image.png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
    if (bytes.length <= maxBytes) {
      return { bytes, contentType: 'image/png', texts: [`saved as PNG of ${bits} bits a channel`] };
    }
  }
  // An image with an alpha channel may still be opaque.
  const isOpaque = !opened.hasAlpha || (await opened.open().stats()).isOpaque;
  const format = isOpaque ? jpeg : webp;
  const longestPx = Math.max(opened.width, opened.height);
  if (longestPx > format.maxSidePx) {
    return reducePixels(opened, format, { maxBytes, scale: format.maxSidePx / longestPx });
  }
  const smallest = await findQuality(opened.open, format, maxBytes);
  return smallest.bytes.length <= maxBytes
    ? smallest
    : reducePixels(opened, format, {
        maxBytes,
        scale: reduction * Math.sqrt(maxBytes / smallest.bytes.length),
      });
}

/** A format that gives up detail to need fewer bytes. */
interface LossyFormat {
  readonly name: string;
  readonly contentType: FittedImage['contentType'];
  readonly maxSidePx: number;
  encode(image: Sharp, quality: number): Sharp;
}

const jpeg: LossyFormat = {
  name: 'JPEG',
  contentType: 'image/jpeg',
  maxSidePx: 65_500,
  // Optimised for it, a JPEG is 2 % smaller, and takes the memory of all its coefficients.
  encode: (image, quality) =>
    image.removeAlpha().jpeg({ quality, chromaSubsampling: '4:4:4', optimiseCoding: false }),
};

const webp: LossyFormat = {
  name: 'WebP',
  contentType: 'image/webp',
  maxSidePx: 16_383,
  encode: (image, quality) => image.webp({ quality }),
};

async function writeLossy(
  { name, contentType, encode }: LossyFormat,
  image: Sharp,
  quality: number,
): Promise<FittedImage> {
  const bytes = await encode(image.toColourspace('srgb'), quality).toBuffer();
  return { bytes, contentType, texts: [`saved as ${name} of quality ${quality}`] };
}

/** The best quality that is small enough, or the worst. */
async function findQuality(open: () => Sharp, format: LossyFormat, maxBytes: number): Promise<FittedImage> {
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
  opened: Opened,
  format: LossyFormat,
  { maxBytes, scale: firstScale }: { readonly maxBytes: number; readonly scale: number },
): Promise<FittedImage> {
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

function undecodable(error: Error): FileError {
  const hint = 'Copy or export it again if it is cut short; otherwise convert it to JPEG or PNG.';
  if (/pixel limit/i.test(error.message)) {
    return new FileError('cannot_fit', `it has more than ${maxPixels / 1e6} megapixels`, {
      hint: 'Scale it down first.',
      cause: error,
    });
  }
  // The library's message has several lines, and may quote the file.
  const [words = ''] = error.message.replace(/^Input (file|buffer) /, '').split('\n');
  return new FileError('cannot_fit', `it cannot be decoded: ${words.slice(0, 200)}`, { hint, cause: error });
}
