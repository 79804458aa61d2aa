import type { RawPicture } from './heic-decoder.ts';

const rowsPerStrip = 64;
const entryBytes = 12;

/** Field types of https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf */
const short = 3;
const long = 4;
const undefinedType = 7;

/**
 * An uncompressed TIFF of pixels and the profile that says what their numbers mean: sharp takes a profile from a file
 * only, not for bare pixels.
 */
export function wrapAsTiff({ data, width, height, channels }: RawPicture, icc: Buffer): Buffer {
  const strips = Array.from({ length: Math.ceil(height / rowsPerStrip) }, (_, i) => ({
    offset: i * rowsPerStrip * width * channels,
    length: Math.min(rowsPerStrip, height - i * rowsPerStrip) * width * channels,
  }));
  const hasAlpha = channels === 4;
  const entryCount = hasAlpha ? 12 : 11;
  const valuesAt = 8 + 2 + entryCount * entryBytes + 4;
  const bitsAt = valuesAt;
  const offsetsAt = bitsAt + channels * 2;
  const countsAt = offsetsAt + strips.length * 4;
  const iccAt = countsAt + strips.length * 4;
  const pixelsAt = iccAt + icc.length;
  const file = Buffer.alloc(pixelsAt + data.length);
  file.write('II*\0\x08\0\0\0', 'latin1');
  file.writeUInt16LE(entryCount, 8);
  const one = strips.length === 1;
  const entries: readonly (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, long, 1, width],
    [257, long, 1, height],
    [258, short, channels, bitsAt],
    [259, short, 1, 1],
    [262, short, 1, 2],
    [273, long, strips.length, one ? pixelsAt : offsetsAt],
    [277, short, 1, channels],
    [278, long, 1, rowsPerStrip],
    [279, long, strips.length, one ? data.length : countsAt],
    [284, short, 1, 1],
    // Transparency that the colours are not multiplied with.
    ...(hasAlpha ? [[338, short, 1, 2] as const] : []),
    [34_675, undefinedType, icc.length, iccAt],
  ];
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = 10 + i * entryBytes;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(value, at + 8);
  }
  for (let i = 0; i < channels; i += 1) {
    file.writeUInt16LE(8, bitsAt + i * 2);
  }
  for (const [i, strip] of strips.entries()) {
    file.writeUInt32LE(pixelsAt + strip.offset, offsetsAt + i * 4);
    file.writeUInt32LE(strip.length, countsAt + i * 4);
  }
  file.set(icc, iccAt);
  file.set(data, pixelsAt);
  return file;
}
