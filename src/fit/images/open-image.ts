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

/** An image takes seconds; a decoder that takes longer than this hangs. */
const timeoutSeconds = 120;

/** A file that sharp can read. */
interface DecodedImage {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
}

/** An image and how sharp opens it: once for each encoding, because pixels are streamed and not kept. */
export interface OpenedImage extends Omit<DecodedImage, 'path'> {
  readonly open: () => Sharp;
  /** Sixteen bits a sample. */
  readonly deep: boolean;
  /** The changes made on opening; only then is it known whether the image has another shape. */
  readonly texts: readonly string[];
}

/**
 * Reads an image's header, and decodes the image if sharp cannot.
 *
 * @param scratchPath an unused path, for the decoded image
 * @throws FileError `cannot_fit`, or an error of sharp or of the file system
 */
export async function openImage(
  path: string,
  recipe: ImageRecipe,
  scratchPath: string,
): Promise<OpenedImage> {
  const sharp = loadSharp();
  const fileOptions: SharpOptions = { limitInputPixels: maxPixels, failOn: 'error', pages: 1 };
  const metadata = await sharp(path, fileOptions).metadata();
  refuseUnfit(metadata);
  const icc = await findProfile(path, metadata);
  const { hasAlpha } = metadata;
  let decoded: DecodedImage;
  if (recipe.decoder === 'heic-decode') {
    decoded = await openHeic(path, { icc, hasAlpha }, scratchPath);
  } else if (icc !== undefined && metadata.icc === undefined) {
    await tagImage(path, icc, scratchPath, metadata, fileOptions);
    decoded = { path: scratchPath, ...metadata.autoOrient, hasAlpha };
  } else {
    decoded = { path, ...metadata.autoOrient, hasAlpha };
  }
  // sharp turns deep colours with a profile into Display P3, and does not say so.
  const isTurnedToP3 = icc !== undefined && metadata.space === 'rgb16';
  const crop = recipe.aspect && resolveCrop(decoded.width, decoded.height, recipe.aspect);
  const cropText = recipe.aspect && describeCrop(recipe.aspect);
  return {
    open: () => {
      const image = sharp(decoded.path, fileOptions).timeout({ seconds: timeoutSeconds }).autoOrient();
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
      // For accepted formats, the recipe describes the header.
      ...(recipe.describesHeader ? [] : describeMetadata({ ...metadata, icc }, recipe)),
    ],
  };
}

/** The decoder applies the file's own rotation, but returns the pixels without the colour profile. */
async function openHeic(
  path: string,
  { icc, hasAlpha }: { readonly icc: Buffer | undefined; readonly hasAlpha: boolean },
  scratchPath: string,
): Promise<DecodedImage> {
  const pixels = await decodeHeic(path, scratchPath, { maxPixels, hasAlpha });
  await finishTiff(pixels, icc);
  const { width, height, channels } = pixels;
  return { path: scratchPath, width, height, hasAlpha: channels === 4 };
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

function describeMetadata(
  metadata: Omit<Metadata, 'icc'> & { readonly icc: Buffer | undefined },
  { decoder }: ImageRecipe,
): readonly string[] {
  return describeHeader({
    // heic-decode has rotated it already.
    orientation: decoder === 'heic-decode' ? 1 : (metadata.orientation ?? 1),
    cmyk: metadata.space === 'cmyk',
    profile: metadata.icc && readColourProfile(metadata.icc),
  });
}
