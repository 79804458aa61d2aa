import { open } from 'node:fs/promises';
import { type PixelFile, pixelStart } from './decode-heic.ts';

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
  const { path, width, height, channels } = pixels;
  const pixelBytes = width * height * channels;
  // The directory comes after the pixels, at an even offset.
  const directoryStart = pixelStart + pixelBytes + (pixelBytes % 2);
  const header = Buffer.from('II*\0\0\0\0\0', 'latin1');
  header.writeUInt32LE(directoryStart, 4);
  const directory = formatDirectory(directoryStart, [
    [256, long, 1, width],
    [257, long, 1, height],
    // Eight bits for each channel.
    [258, short, channels, Buffer.from('\x08\0'.repeat(channels), 'latin1')],
    [259, short, 1, 1],
    [262, short, 1, 2],
    // All pixels are one strip, which libtiff reads in pieces.
    [273, long, 1, pixelStart],
    [277, short, 1, channels],
    [278, long, 1, height],
    [279, long, 1, pixelBytes],
    [284, short, 1, 1],
    // Alpha that is not premultiplied into the colours.
    ...(channels === 4 ? [[338, short, 1, 2] as const] : []),
    ...(icc === undefined ? [] : [[34_675, undefinedType, icc.length, icc] as const]),
  ]);
  const handle = await open(path, 'r+');
  try {
    await handle.write(header, 0, header.length, 0);
    await handle.write(directory, 0, directory.length, directoryStart);
  } finally {
    await handle.close();
  }
}

type Entry = readonly [tag: number, type: number, count: number, value: number | Buffer];

function formatDirectory(start: number, entries: readonly Entry[]): Buffer {
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
