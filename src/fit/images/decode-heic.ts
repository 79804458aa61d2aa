import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { loadHeicDecode } from './optional-modules.ts';

/** A file of pixels, with a byte each for red, green and blue, and for alpha if there is any. */
export interface PixelFile {
  /** They begin at {@link pixelStart}. */
  readonly path: string;
  readonly channels: 3 | 4;
  readonly width: number;
  readonly height: number;
}

/** A multiple of four pixels, which have four bytes each. */
const pieceBytes = 1024 * 1024;

/** Room for a header before the pixels. */
export const pixelStart = 8;

/**
 * Decodes a HEIC into a new file: memory never holds a second copy of its pixels, which take 36 MB or more.
 *
 * @param hasAlpha whether the HEIC has a channel for transparency
 * @throws an error of the file system, or one of the decoder's
 */
export async function decodeHeic(
  source: string,
  path: string,
  { maxPixels, hasAlpha }: { readonly maxPixels: number; readonly hasAlpha: boolean },
): Promise<PixelFile> {
  const images = await loadHeicDecode().all({ buffer: await readFile(source) });
  try {
    const [image] = images;
    if (image === undefined || image.width * image.height > maxPixels) {
      throw new Error('exceeds the pixel limit');
    }
    const { data, width, height } = await image.decode();
    // A big-endian machine keeps all four bytes, which is also correct and only slower to encode.
    const channels = hasAlpha || endianness() === 'BE' ? 4 : 3;
    writePixels(path, data, channels);
    free(data.buffer as ArrayBuffer);
    return { path, channels, width, height };
  } finally {
    images.dispose();
  }
}

/** Writes a piece at a time, small enough to stay in the processor's cache between the two steps. */
function writePixels(path: string, pixels: Uint8ClampedArray, channels: 3 | 4): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    let position = pixelStart;
    for (let start = 0; start < pixels.length; start += pieceBytes) {
      const piece = pixels.subarray(start, start + pieceBytes);
      const bytes = channels === 3 ? dropAlpha(piece) : piece;
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(file, bytes, at, bytes.length - at, position + at);
      }
      position += bytes.length;
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Packs the first three bytes of each pixel, in place, and returns them. It moves four pixels at a time, because moving
 * single bytes takes four times as long. For little-endian machines.
 */
function dropAlpha(pixels: Uint8ClampedArray): Uint8ClampedArray {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / 4);
  for (let from = 0, to = 0; from < words.length; from += 4, to += 3) {
    const [second, third] = [words[from + 1]!, words[from + 2]!];
    words[to] = (words[from]! & 0xffffff) | (second << 24);
    words[to + 1] = ((second >>> 8) & 0xffff) | (third << 16);
    words[to + 2] = ((third >>> 16) & 0xff) | (words[from + 3]! << 8);
  }
  return pixels.subarray(0, words.length * 3);
}

/**
 * Frees the memory of a buffer at once, so that it is not held while the image is encoded. A minor collection frees
 * only new objects, so the memory moves into one first; a full collection would take 10 ms.
 */
function free(buffer: ArrayBuffer): void {
  structuredClone(buffer, { transfer: [buffer] });
  (globalThis.gc as ((options: { type: 'minor' }) => void) | undefined)?.({ type: 'minor' });
}
