import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { ImageContentType } from '../../../src/media/asset-types.ts';
import { createBufferSource, createFileSource } from '../../../src/media/byte-source.ts';
import { checkImageStructure } from '../../../src/media/image-structure.ts';
import { fixture, fixtures } from '../../fixtures.ts';
import { orRefusal } from '../../harness/or-refusal.ts';
import { tempDir } from '../../harness/temp-dir.ts';

const check = (bytes: Buffer, contentType: ImageContentType) =>
  orRefusal(() => checkImageStructure(createBufferSource(bytes), contentType));

/** The same from a file, which is read in blocks. */
async function checkAsFile(bytes: Buffer, contentType: ImageContentType) {
  const path = join(await tempDir(), 'image');
  await writeFile(path, bytes);
  const handle = await open(path);
  try {
    return await orRefusal(() => checkImageStructure(createFileSource(handle, bytes.length), contentType));
  } finally {
    await handle.close();
  }
}

const cutShort = { code: 'damaged', message: 'it is cut short: the end of the image is missing' };
const noSize = { code: 'damaged', message: "its header does not contain the image's width and height" };

test.each(fixtures)('$name is complete, and has its sides', async ({ file, contentType, width, height }) => {
  const bytes = await readFile(file);
  expect(await check(bytes, contentType)).toEqual({ width, height });
  expect(await checkAsFile(bytes, contentType)).toEqual({ width, height });
});

test.each(fixtures.flatMap((image) => [0.5, 0.99].map((part) => ({ ...image, part }))))(
  '$name is truncated if it is cut at $part',
  async ({ file, contentType, size, part }) => {
    const bytes = (await readFile(file)).subarray(0, Math.floor(size * part));
    expect(await check(bytes, contentType)).toMatchObject(cutShort);
    expect(await checkAsFile(bytes, contentType)).toMatchObject(cutShort);
  },
);

test.each(fixtures)(
  '$name is complete with other bytes after it',
  async ({ file, contentType, width, height }) => {
    const bytes = Buffer.concat([await readFile(file), Buffer.alloc(200_000, 'x')]);
    expect(await check(bytes, contentType)).toEqual({ width, height });
    expect(await checkAsFile(bytes, contentType)).toEqual({ width, height });
  },
);

describe('a JPEG', () => {
  const segment = (marker: number, content: Buffer) => {
    const head = Buffer.of(0xff, marker, 0, 0);
    head.writeUInt16BE(content.length + 2, 2);
    return Buffer.concat([head, content]);
  };
  const frame = (marker: number, width = 30, height = 20) =>
    segment(marker, Buffer.of(8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0));
  const scan = Buffer.concat([segment(0xda, Buffer.of(1, 1, 0, 0, 63, 0)), Buffer.from('scan')]);
  const end = Buffer.of(0xff, 0xd9);
  const jpeg = (...parts: Buffer[]) => Buffer.concat([Buffer.of(0xff, 0xd8), ...parts]);
  const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), jpeg(frame(0xc0, 4, 3), scan, end)]));
  const sides = { width: 30, height: 20 };

  it.each([
    ['baseline', jpeg(frame(0xc0), scan, end)],
    ['progressive', jpeg(frame(0xc2), scan, scan, end)],
    ['with a thumbnail', jpeg(exif, frame(0xc0), scan, end)],
    [
      'with a header of 200 kB',
      jpeg(...Array(4).fill(segment(0xe2, Buffer.alloc(50_000))), frame(0xc0), scan, end),
    ],
    ['with fill bytes', jpeg(Buffer.of(0xff, 0xff, 0xff), frame(0xc0), Buffer.of(0xff), scan, end)],
    ['with a restart marker in front of a segment', jpeg(Buffer.of(0xff, 0xd0), frame(0xc0), scan, end)],
  ])('%s is complete', async (_, bytes) => {
    expect(await check(bytes, 'image/jpeg')).toEqual(sides);
    expect(await checkAsFile(bytes, 'image/jpeg')).toEqual(sides);
  });

  it.each([
    ['whose only end is that of its thumbnail', jpeg(exif, frame(0xc0), scan)],
    ['that ends before its first scan', jpeg(frame(0xc0), end)],
    ['that ends within a segment', jpeg(frame(0xc0), segment(0xe2, Buffer.alloc(500)).subarray(0, 100))],
    ['with a header only', jpeg()],
  ])('%s is truncated', async (_, bytes) => {
    expect(await check(bytes, 'image/jpeg')).toMatchObject(cutShort);
    expect(await checkAsFile(bytes, 'image/jpeg')).toMatchObject(cutShort);
  });

  it.each([
    ['without width', jpeg(frame(0xc0, 0, 20), scan, end)],
    ['without height', jpeg(frame(0xc0, 30, 0), scan, end)],
    ['without a frame header', jpeg(scan, end)],
  ])('%s has no sides', async (_, bytes) => {
    expect(await check(bytes, 'image/jpeg')).toMatchObject(noSize);
  });

  it('has an end, even on the border of two blocks', async () => {
    for (const tail of [4094, 4095, 4096, 69_629, 69_630, 69_631]) {
      const bytes = jpeg(frame(0xc0), scan, Buffer.alloc(300_000), end, Buffer.alloc(tail));
      expect(await checkAsFile(bytes, 'image/jpeg')).toEqual(sides);
    }
  });

  it.each([
    ['a JPEG-LS image', jpeg(frame(0xf7), scan, end)],
    ['a JPEG-LS image', jpeg(exif, segment(0xe8, Buffer.from('SPIFF')), frame(0xf7), scan, end)],
    ['a lossless JPEG', jpeg(frame(0xc3), scan, end)],
    ['a lossless JPEG', jpeg(exif, frame(0xcb), scan, end)],
    ['a hierarchical JPEG', jpeg(frame(0xc5), scan, end)],
  ])('%s is refused, with its name', async (what, bytes) => {
    expect(await check(bytes, 'image/jpeg')).toMatchObject({
      code: 'unsupported_type',
      message: expect.stringMatching(`^it is ${what}; JPEG, PNG`),
      hint: 'Convert it to JPEG, PNG or WebP; renaming it does not help.',
    });
  });

  it('with markers only is read to its end', async () => {
    expect(await check(jpeg(Buffer.alloc(400_000, Buffer.of(0xff, 0x01))), 'image/jpeg')).toMatchObject(
      cutShort,
    );
  });
});

describe('a PNG', () => {
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const chunk = (type: string, data = Buffer.alloc(0)) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.length);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, data, Buffer.alloc(4)]);
  };
  const header = (width: number, height: number) => {
    const data = Buffer.alloc(13);
    data.writeUInt32BE(width, 0);
    data.writeUInt32BE(height, 4);
    return chunk('IHDR', data);
  };
  const png = (...chunks: Buffer[]) => Buffer.concat([signature, ...chunks]);
  const pixels = Array(200).fill(chunk('IDAT', Buffer.alloc(8192)));

  it('with many chunks is read to its end', async () => {
    expect(await checkAsFile(png(header(7, 5), ...pixels, chunk('IEND')), 'image/png')).toEqual({
      width: 7,
      height: 5,
    });
    expect(await checkAsFile(png(header(7, 5), ...pixels), 'image/png')).toMatchObject(cutShort);
  });

  it.each([
    ['without width', png(header(0, 5), chunk('IDAT'), chunk('IEND')), noSize],
    ['without height', png(header(7, 0), chunk('IDAT'), chunk('IEND')), noSize],
    ['that begins with another chunk', png(chunk('IDAT', Buffer.alloc(30)), chunk('IEND')), noSize],
    ['with a signature only', png(), cutShort],
    [
      'whose last chunk says that it is 4 GB',
      png(header(7, 5), Buffer.from('\xff\xff\xff\xffIDAT', 'latin1')),
      cutShort,
    ],
    [
      'with an IEND only inside other data',
      png(header(7, 5), chunk('IDAT', Buffer.from('    IEND')).subarray(0, 16)),
      cutShort,
    ],
  ])('%s is damaged', async (_, bytes, refusal) => {
    expect(await check(bytes, 'image/png')).toMatchObject(refusal);
  });

  it("of Apple's variant is refused, with its name", async () => {
    const bytes = png(chunk('CgBI', Buffer.alloc(4)), header(7, 5), chunk('IDAT'), chunk('IEND'));
    expect(await check(bytes, 'image/png')).toMatchObject({
      code: 'unsupported_type',
      message: expect.stringMatching(/^it is a PNG of Apple's CgBI kind, which only iOS apps read; JPEG/),
    });
  });
});

describe('a WebP', () => {
  const chunk = (type: string, data: Buffer) => {
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
  };
  const webp = (...chunks: Buffer[]) => chunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));
  const lossy = (width: number, height: number) => {
    const data = Buffer.from('\0\0\0\x9d\x01\x2a\0\0\0\0', 'latin1');
    data.writeUInt16LE(width, 6);
    data.writeUInt16LE(height, 8);
    return chunk('VP8 ', data);
  };
  const canvas = chunk('VP8X', Buffer.of(0, 0, 0, 0, 6, 0, 0, 4, 0, 0));

  it.each([
    ['lossy', webp(lossy(7, 5))],
    ['with an upscaling, which is not a part of its sides,', webp(lossy(0x4007, 0xc005))],
    ['with metadata of an odd length in front', webp(chunk('ICCP', Buffer.alloc(5001)), lossy(7, 5))],
    ['extended', webp(canvas, chunk('ALPH', Buffer.alloc(9)), lossy(7, 5))],
    ['animated', webp(canvas, chunk('ANIM', Buffer.alloc(6)), chunk('ANMF', Buffer.alloc(40)))],
  ])('%s has its sides', async (_, bytes) => {
    expect(await check(bytes, 'image/webp')).toEqual({ width: 7, height: 5 });
    expect(await checkAsFile(bytes, 'image/webp')).toEqual({ width: 7, height: 5 });
  });

  it.each([
    ['without an image', webp(canvas, chunk('ANIM', Buffer.alloc(6))), cutShort],
    ['with a header only', webp(), cutShort],
    ['that is a byte short', webp(lossy(7, 5)).subarray(0, -1), cutShort],
    ['without width', webp(lossy(0, 5)), noSize],
    ['without height', webp(lossy(7, 0)), noSize],
    ['whose frame does not begin as one', webp(chunk('VP8 ', Buffer.alloc(30))), noSize],
    ['whose lossless frame does not begin as one', webp(chunk('VP8L', Buffer.alloc(30))), noSize],
  ])('%s is damaged', async (_, bytes, refusal) => {
    expect(await check(bytes, 'image/webp')).toMatchObject(refusal);
  });
});

test('reads only a little of a large image', async () => {
  const bytes = await readFile(fixture('sunset.jpg').file);
  let readBytes = 0;
  const large = createBufferSource(
    Buffer.concat([bytes.subarray(0, -2), Buffer.alloc(9_000_000), bytes.subarray(-2)]),
  );
  const source = {
    sizeBytes: large.sizeBytes,
    peek: () => undefined,
    read: async (position: number, length: number) => {
      readBytes += length;
      return large.read(position, length);
    },
  };
  expect(await checkImageStructure(source, 'image/jpeg')).toEqual({ width: 160, height: 90 });
  expect(readBytes).toBeLessThan(5000);
});
