import { loadSharp } from './optional-modules.ts';

/** Twice the size of a card on a contact sheet, for high-density screens. */
const maxSides = { width: 640, height: 400 } as const;

/** JPEG has no transparency: this is dark enough for white drawings and light enough for black ones. */
const background = '#a8a8a8';

/**
 * Makes a small JPEG of an image, as far as it can be decoded.
 *
 * @param image the path, or the bytes
 * @throws FileError if sharp is not installed, or an error of sharp
 */
export function makePreview(image: string | Uint8Array): Promise<Buffer> {
  const sharp = loadSharp();
  return sharp(image, { failOn: 'none' })
    .autoOrient()
    .resize({ ...maxSides, fit: 'inside', withoutEnlargement: true })
    .flatten({ background })
    .jpeg({ quality: 70, mozjpeg: true })
    .toBuffer();
}
