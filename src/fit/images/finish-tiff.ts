import { open } from 'node:fs/promises';
import { type PixelFile, pixelStart } from './decode-heic.ts';

const rowsPerStrip = 64;
const entryBytes = 12;

/** Field types of https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf */
const short = 3;
const long = 4;
const undefinedType = 7;

/**
 * Makes an uncompressed TIFF of a file of pixels, with the profile that says what their numbers mean: sharp reads a
 * profile only from a file, not for bare pixels.
 *
 * @throws an error of the file system
 */
export async function finishTiff(pixels: PixelFile, icc: Buffer | undefined): Promise<void> {
  const pixelBytes = pixels.width * pixels.height * pixels.channels;
  // The directory comes after the pixels, at an even offset.
  const directoryStart = pixelStart + pixelBytes + (pixelBytes % 2);
  const header = Buffer.from('II*\0\0\0\0\0', 'latin1');
  header.writeUInt32LE(directoryStart, 4);
  const handle = await open(pixels.path, 'r+');
  try {
    await handle.write(header, 0, header.length, 0);
    const directory = formatDirectory(pixels, icc, directoryStart);
    await handle.write(directory, 0, directory.length, directoryStart);
  } finally {
    await handle.close();
  }
}

type Entry = readonly [tag: number, type: number, count: number, value: number | Buffer];

function formatDirectory(
  { width, height, channels }: PixelFile,
  icc: Buffer | undefined,
  start: number,
): Buffer {
  const stripBytes = rowsPerStrip * width * channels;
  const strips = Array.from({ length: Math.ceil(height / rowsPerStrip) }, (_, i) => i);
  const offsets = strips.map((i) => pixelStart + i * stripBytes);
  const sizes = strips.map((i) => Math.min(stripBytes, height * width * channels - i * stripBytes));
  const entries: readonly Entry[] = [
    [256, long, 1, width],
    [257, long, 1, height],
    [258, short, channels, formatShorts(Array(channels).fill(8))],
    [259, short, 1, 1],
    [262, short, 1, 2],
    [273, long, strips.length, formatLongs(offsets)],
    [277, short, 1, channels],
    [278, long, 1, rowsPerStrip],
    [279, long, strips.length, formatLongs(sizes)],
    [284, short, 1, 1],
    // Alpha that is not premultiplied into the colours.
    ...(channels === 4 ? [[338, short, 1, 2] as const] : []),
    ...(icc === undefined ? [] : [[34_675, undefinedType, icc.length, icc] as const]),
  ];
  const table = Buffer.alloc(2 + entries.length * entryBytes + 4);
  table.writeUInt16LE(entries.length, 0);
  const values: Buffer[] = [];
  let valuesAt = start + table.length;
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = 2 + i * entryBytes;
    table.writeUInt16LE(tag, at);
    table.writeUInt16LE(type, at + 2);
    table.writeUInt32LE(count, at + 4);
    if (typeof value === 'number') {
      table.writeUInt32LE(value, at + 8);
    } else if (value.length <= 4) {
      value.copy(table, at + 8);
    } else {
      table.writeUInt32LE(valuesAt, at + 8);
      values.push(value);
      valuesAt += value.length;
    }
  }
  return Buffer.concat([table, ...values]);
}

function formatShorts(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 2);
  for (const [i, number] of numbers.entries()) {
    bytes.writeUInt16LE(number, i * 2);
  }
  return bytes;
}

function formatLongs(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [i, number] of numbers.entries()) {
    bytes.writeUInt32LE(number, i * 4);
  }
  return bytes;
}
