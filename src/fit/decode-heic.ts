import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadHeicDecode } from './optional-modules.ts';

/** A file of pixels, of a byte each for red, green, blue, and for alpha where one is not opaque. */
export interface PixelFile {
  /** They begin at {@link pixelStart}. */
  readonly path: string;
  readonly channels: 3 | 4;
  readonly width: number;
  readonly height: number;
}

/** Room for a header in front of the pixels. */
export const pixelStart = 8;

/**
 * Decodes a HEIC into a new file: no other copy of its pixels, of 36 MB and more, is held meanwhile.
 *
 * @throws an error of the file system, or one of the decoder's
 */
export async function decodeHeic(source: string, path: string, maxPixels: number): Promise<PixelFile> {
  const images = await loadHeicDecode().all({ buffer: await readFile(source) });
  try {
    const [image] = images;
    if (image === undefined || image.width * image.height > maxPixels) {
      throw new Error('exceeds the pixel limit');
    }
    const { data, width, height } = await image.decode();
    const channels = isOpaque(data) ? 3 : 4;
    if (channels === 3) {
      dropAlpha(data);
    }
    writePixels(path, data.subarray(0, width * height * channels));
    return { path, channels, width, height };
  } finally {
    images.dispose();
  }
}

function isOpaque(data: Uint8ClampedArray): boolean {
  for (let i = 3; i < data.length; i += 4) {
    if (data[i] !== 255) {
      return false;
    }
  }
  return true;
}

/** In place, because a second copy may not fit. */
function dropAlpha(data: Uint8ClampedArray): void {
  for (let from = 0, to = 0; from < data.length; from += 4) {
    data[to++] = data[from]!;
    data[to++] = data[from + 1]!;
    data[to++] = data[from + 2]!;
  }
}

function writePixels(path: string, pixels: Uint8ClampedArray): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    for (let at = 0; at < pixels.length; ) {
      at += writeSync(file, pixels, at, pixels.length - at, pixelStart + at);
    }
  } finally {
    closeSync(file);
  }
}
