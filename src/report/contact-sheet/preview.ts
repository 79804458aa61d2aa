import type Sharp from 'sharp';
import type { FoundFile } from '../../files/found-file.ts';
import { encodePath } from '../../files/path-bytes.ts';
import { loadSharp } from '../../fit/optional-modules.ts';

/**
 * Makes a small JPEG of an image.
 *
 * @param image the path as in a {@link FoundFile}, or the bytes
 * @returns undefined if that is not possible
 */
export type CreatePreview = (image: string | Buffer) => Promise<Buffer | undefined>;

/** Twice the size of a card's picture, for high-density screens. */
const maxSides = { width: 640, height: 400 } as const;

/** JPEG has no transparency: this is dark enough for white drawings and light enough for black ones. */
const background = '#a8a8a8';

/** Loads what makes previews; undefined if the optional package sharp is not installed. */
export function loadPreviews(): CreatePreview | undefined {
  let sharp: typeof Sharp;
  try {
    sharp = loadSharp();
  } catch {
    return undefined;
  }
  return async (image) => {
    if (typeof image === 'string' && typeof encodePath(image) !== 'string') {
      // sharp accepts only paths that are text.
      return undefined;
    }
    try {
      return await sharp(image, { failOn: 'none' })
        .autoOrient()
        .resize({ ...maxSides, fit: 'inside', withoutEnlargement: true })
        .flatten({ background })
        .jpeg({ quality: 70, mozjpeg: true })
        .toBuffer();
    } catch {
      return undefined;
    }
  };
}
