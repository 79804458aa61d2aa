import { randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Color, type Sharp } from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { Fitter } from '../../src/fit/fitter.ts';
import { fitImage } from '../../src/fit/images/fit-image.ts';
import type { ImageRecipe } from '../../src/fit/images/image-recipe.ts';
import { assetTypes } from '../../src/media/asset-types.ts';
import { fitFile, openFitter, planFile, startFitter } from '../harness/fitter.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { waitForTick } from '../harness/wait-for-tick.ts';

// Most tests share one, because each fitter starts a process that loads the decoders.
const fitter = openFitter();
afterAll(() => fitter.close());

const maxBytes = assetTypes.image.maxBytes;
const p3Heic = 'test/fixtures/display-p3.heic';

/** The colour in the middle of an image, as sRGB. */
async function middle(path: string): Promise<number[]> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
  return [...data.subarray(at, at + info.channels)];
}

function expectColour(actual: number[], expected: number[], tolerance = 6): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(actual[i]! - value), `${actual} is not ${expected}`).toBeLessThanOrEqual(tolerance);
  }
}

const orange = { r: 240, g: 120, b: 30 };
const flat = (width: number, height: number, background: Color = orange, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background } });

/** The children of this process that decode images. */
async function findDecoders(): Promise<number[]> {
  const [own] = await readdir('/proc/self/task');
  const children = (await readFile(`/proc/self/task/${own}/children`, 'utf8')).trim().split(' ');
  const isDecoder = async (pid: string) =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('image-worker');
  const found = await Promise.all(children.map(async (pid) => ((await isDecoder(pid)) ? [Number(pid)] : [])));
  return found.flat();
}

async function fitMade(bytes: Buffer, name: string) {
  const path = join(await tempDir(), name);
  await writeFile(path, bytes);
  return fitFile(fitter, path);
}

describe('an image that states its colours by code, without a profile', () => {
  const displayP3 = { primaries: 12, transfer: 13 };
  const hdr = { primaries: 9, transfer: 16 };

  /** Orange in the numbers of Display P3. */
  async function codedPng({ primaries, transfer }: typeof displayP3, depth: 'rgb16' | 'srgb' = 'srgb') {
    const wide = await flat(40, 60).withIccProfile('p3').png().toBuffer();
    const { data, info } = await sharp(wide, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const numbers = sharp(data, { raw: { width, height, channels: 3 } });
    const png = await numbers.toColourspace(depth).png().toBuffer();
    const code = chunk('cICP', Buffer.from([primaries, transfer, 0, 1]));
    return Buffer.concat([png.subarray(0, 33), code, png.subarray(33)]);
  }

  test.each([
    ['8', 'srgb'],
    ['16', 'rgb16'],
  ] as const)('is converted from Display P3, with %s bits', async (_bits, depth) => {
    const fitted = await fitMade(await codedPng(displayP3, depth), 'a.png');
    expectColour(await middle(fitted.path), [orange.r, orange.g, orange.b]);
    expect(fitted.fitted).toContain('converted from Display P3 to sRGB');
    expect(await sharp(fitted.path).metadata()).toMatchObject({ width: 40, height: 60, hasProfile: false });
  });

  test('is refused if it is HDR', async () => {
    await expect(fitMade(await codedPng(hdr), 'a.png')).rejects.toMatchObject({
      code: 'unsupported_type',
      message: 'it is HDR, and its colours cannot be converted',
    });
  });
});

describe('fitting an image that is not accepted', () => {
  test.each([
    ['AVIF', () => flat(60, 40).avif({ quality: 90 }).toBuffer(), 'image/jpeg'],
    ['GIF', () => flat(60, 40).gif().toBuffer(), 'image/png'],
    ['TIFF', () => flat(60, 40).tiff({ compression: 'lzw' }).toBuffer(), 'image/png'],
    ['TIFF', () => flat(60, 40).toColourspace('cmyk').tiff().toBuffer(), 'image/png'],
  ])('converts %s', async (name, make, contentType) => {
    const fitted = await fitMade(await make(), 'image.any');
    expect(fitted.contentType).toBe(contentType);
    expect(fitted.fitted[0]).toBe(`converted from ${name}`);
    expect(await sharp(fitted.path).metadata()).toMatchObject({ width: 60, height: 40 });
    // CMYK has no such orange.
    expectColour((await middle(fitted.path)).slice(0, 3), [240, 120, 30], name === 'TIFF' ? 30 : 6);
  });

  test('converts HEIC with the colours of Display P3', async () => {
    const fitted = await fitFile(fitter, p3Heic);
    expect(fitted.fitted).toEqual([
      'converted from HEIC',
      expect.stringMatching(/^converted from .*P3.* to sRGB$/),
      'saved as JPEG of quality 95',
    ]);
    expect(fitted.source).toMatchObject({ contentType: 'image/heic', size: (await stat(p3Heic)).size });
    expect(await sharp(fitted.path).metadata()).toMatchObject({ format: 'jpeg', width: 96, height: 64 });
    // P3's (200, 100, 50) is brighter in sRGB's numbers.
    expectColour(await middle(fitted.path), [213, 94, 34]);
  });

  test('takes the first frame of a GIF, and keeps its transparency', async () => {
    const frames = await Promise.all(
      ['#ff000080', '#00ff00ff'].map((colour) => flat(40, 30, colour, 4).png().toBuffer()),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    const fitted = await fitMade(gif, 'moving.gif');
    expect(fitted.fitted).toContain('first frame taken');
    expect(await sharp(fitted.path).metadata()).toMatchObject({ width: 40, height: 30, hasAlpha: true });

    const transparent = await flat(40, 30, { r: 0, g: 0, b: 0, alpha: 0 }, 4).gif().toBuffer();
    expect((await middle((await fitMade(transparent, 'nothing.gif')).path))[3]).toBe(0);
  });
});

describe('fitting an accepted image', () => {
  test('leaves an image that has the requested shape as it is', async () => {
    const path = join(await tempDir(), 'wide.jpg');
    await flat(160, 90).jpeg().toFile(path);
    expect(await planFile(fitter, path, { aspect: { width: 16, height: 9 } })).toEqual({ kind: 'untouched' });
    await flat(1366, 768).jpeg().toFile(path);
    expect(await planFile(fitter, path, { aspect: { width: 16, height: 9 } })).toEqual({ kind: 'untouched' });
    const turned = join(await tempDir(), 'turned.jpg');
    await flat(90, 160).withMetadata({ orientation: 6 }).jpeg().toFile(turned);
    const { fitted } = await fitFile(fitter, turned, { aspect: { width: 16, height: 9 } });
    expect(fitted).toEqual(['turned upright', expect.stringMatching(/^saved as /)]);
  });

  test('does not say that it crops an image of a format that is converted, if it does not', async () => {
    const path = join(await tempDir(), 'wide.gif');
    await flat(160, 90).gif().toFile(path);
    const { fitted } = await fitFile(fitter, path, { aspect: { width: 16, height: 9 } });
    expect(fitted).not.toContain('cropped to 16:9');
  });

  test.each(['loop.webp', 'spinner.png'])('takes the first frame of %s, and says so', async (name) => {
    const { fitted } = await fitFile(fitter, `test/fixtures/${name}`, { aspect: { width: 2, height: 1 } });
    expect(fitted.slice(0, 2)).toEqual(['first frame taken', 'cropped to 2:1']);
  });

  test('turns a WebP whose EXIF has the prefix of a JPEG', async () => {
    const path = join(await tempDir(), 'turned.webp');
    await flat(60, 40).withMetadata({ orientation: 6 }).webp().toFile(path);
    expect(await readFile(path, 'latin1')).toContain('EXIF');
    expect((await fitFile(fitter, path)).fitted[0]).toBe('turned upright');
  });

  test('EXIF orientation in a JPEG with fill bytes before its markers', async () => {
    const jpeg = await sharp(Buffer.alloc(80 * 40 * 3), { raw: { width: 80, height: 40, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const fill = Buffer.of(0xff, 0xff);
    const path = join(await tempDir(), 'turned.jpg');
    await writeFile(path, Buffer.concat([jpeg.subarray(0, 2), fill, jpeg.subarray(2)]));
    expect((await fitFile(fitter, path)).fitted[0]).toBe('turned upright');
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('shows EXIF orientation %i upright', async (orientation) => {
    // Red on the left, blue on the right; and brighter at the top.
    const pixels = Buffer.alloc(80 * 40 * 3);
    for (let y = 0; y < 40; y += 1) {
      for (let x = 0; x < 80; x += 1) {
        pixels.set(x < 40 ? [y < 20 ? 250 : 120, 0, 0] : [0, 0, y < 20 ? 250 : 120], (y * 80 + x) * 3);
      }
    }
    const raw = { raw: { width: 80, height: 40, channels: 3 as const } };
    const jpeg = await sharp(pixels, raw).withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
    const path = join(await tempDir(), 'turned.jpg');
    await writeFile(path, jpeg);
    if (orientation === 1) {
      expect(await planFile(fitter, path)).toEqual({ kind: 'untouched' });
      return;
    }
    const fitted = await fitFile(fitter, path);
    expect(fitted.fitted[0]).toBe('turned upright');
    const [made, expected] = await Promise.all([
      sharp(fitted.path).raw().toBuffer({ resolveWithObject: true }),
      sharp(jpeg).autoOrient().raw().toBuffer(),
    ]);
    expect([made.info.width, made.info.height]).toEqual(orientation < 5 ? [80, 40] : [40, 80]);
    expect((await sharp(fitted.path).metadata()).orientation).toBeUndefined();
    const differences = made.data.map((value, i) => Math.abs(value - expected[i]!));
    expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(4);
  });

  test.each(['jpeg', 'png', 'webp'] as const)('converts a wide gamut in %s to sRGB', async (format) => {
    const wide = await flat(60, 40).withIccProfile('p3').toFormat(format, { quality: 95 }).toBuffer();
    const fitted = await fitMade(wide, 'wide.any');
    expect(fitted.fitted[0]).toMatch(/^converted from .*P3.* to sRGB$/);
    expect((await sharp(fitted.path).metadata()).hasProfile).toBe(false);
    expectColour((await middle(fitted.path)).slice(0, 3), [240, 120, 30]);
  });

  test('keeps 16 bits per channel', async () => {
    const deep = await flat(60, 40).withIccProfile('p3').toColourspace('rgb16').png().toBuffer();
    const fitted = await fitMade(deep, 'deep.png');
    expectColour(await middle(fitted.path), [orange.r, orange.g, orange.b]);
    expect(await sharp(fitted.path).metadata()).toMatchObject({ depth: 'ushort', hasProfile: false });
  });

  test('leaves an sRGB profile alone', async () => {
    const path = join(await tempDir(), 'plain.jpg');
    await flat(60, 40).withIccProfile('srgb').jpeg().toFile(path);
    expect(await planFile(fitter, path)).toEqual({ kind: 'untouched' });
  });

  test('converts a CMYK JPEG', async () => {
    const fitted = await fitMade(await flat(60, 40).toColourspace('cmyk').jpeg().toBuffer(), 'ink.jpg');
    expect(fitted.fitted[0]).toBe('converted from CMYK to sRGB');
    expect((await sharp(fitted.path).metadata()).space).toBe('srgb');
  });

  test.each(['sunset.jpg', 'night.png', 'spinner.png', 'dunes.webp', 'loop.webp'])(
    'leaves %s alone',
    async (name) => {
      expect(await planFile(fitter, `test/fixtures/${name}`, {}, true)).toEqual({ kind: 'untouched' });
    },
  );
});

describe('encoding an image in as many bytes as allowed', () => {
  const maxBytes = 100_000;
  const noise = (width: number, height: number, channels: 3 | 4) =>
    sharp(randomFillSync(Buffer.alloc(width * height * channels)), { raw: { width, height, channels } });

  async function encode(made: Sharp, recipe: Pick<ImageRecipe, 'losslessFirst'>) {
    const folder = await tempDir();
    const path = join(folder, 'source');
    await made.toFile(path);
    return fitImage(
      path,
      { decoder: 'sharp', aspect: undefined, maxBytes, describesHeader: true, texts: [], ...recipe },
      join(folder, 'scratch'),
    );
  }

  const lossless = { losslessFirst: true };
  const lossy = { losslessFirst: false };

  test('keeps a PNG that can be compressed well a PNG', async () => {
    const { bytes, texts } = await encode(flat(200, 180).png({ compressionLevel: 0 }), lossless);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 200, height: 180 });
    expect(texts).toEqual(['saved as PNG of 8 bits a channel']);
  });

  test.each([
    [
      'an opaque PNG a JPEG',
      noise(240, 170, 3).blur(0.6),
      'jpg',
      { format: 'jpeg', width: 240, height: 170, chromaSubsampling: '4:4:4' },
    ],
    [
      'a transparent PNG a transparent WebP',
      noise(200, 133, 4),
      'webp',
      { format: 'webp', width: 200, height: 133, hasAlpha: true },
    ],
  ])('makes %s of the same pixels', async (_, image, extension, metadata) => {
    const encoded = await encode(image.png(), lossless);
    expect(encoded.extension).toBe(extension);
    expect(encoded.bytes.length).toBeLessThanOrEqual(maxBytes);
    expect(await sharp(encoded.bytes).metadata()).toMatchObject(metadata);
  });

  test('removes pixels only if it is too large at quality 80', async () => {
    const { bytes, texts } = await encode(noise(420, 336, 3).jpeg({ quality: 95 }), lossy);
    expect(bytes.length).toBeLessThanOrEqual(maxBytes);
    expect(bytes.length).toBeGreaterThan(maxBytes * 0.8);
    expect(texts).toEqual([expect.stringMatching(/^scaled to \d+x\d+$/), 'saved as JPEG of quality 80']);
    const { width, height } = await sharp(bytes).metadata();
    expect(width / height).toBeCloseTo(1.25, 2);
  });

  test.each([
    ['jpg', 66_000, 1],
    ['webp', 17_000, 0.5],
  ])('scales down what is longer than a .%s can be', async (name, width, alpha) => {
    const { extension, texts } = await encode(flat(width, 4, { ...orange, alpha }, 4).png(), lossy);
    expect(extension).toBe(name);
    expect(texts).toContainEqual(expect.stringMatching(/^scaled to \d{5}x3$/));
  });
});

describe('an image of more than 10 MB', () => {
  /** An image with more bytes behind its end than the service accepts. */
  async function makeLarge() {
    const path = join(await tempDir(), 'large.png');
    await flat(60, 40).png().toFile(path);
    await truncate(path, maxBytes + 1);
    return path;
  }

  test('becomes one of at most 10 MB', async () => {
    const fitted = await fitFile(fitter, await makeLarge());
    expect(fitted).toMatchObject({
      contentType: 'image/png',
      fitted: ['compressed to at most 10 MB', 'saved as PNG of 8 bits a channel'],
    });
    expect(await middle(fitted.path)).toEqual([240, 120, 30]);
  });

  test('is left alone without limits', async () => {
    const path = await makeLarge();
    expect(await planFile(startFitter({ noLimits: true }), path)).toEqual({ kind: 'untouched' });
  });
});

test.each([
  [{ width: 1, height: 1 }, 90, 60, [60, 60]],
  [{ width: 16, height: 9 }, 90, 90, [90, 51]],
  [{ width: 9, height: 16 }, 90, 90, [51, 90]],
])('crops an image from the middle to %j', async (aspect, width, height, sides) => {
  const path = join(await tempDir(), 'shape.png');
  await flat(width, height).png().toFile(path);
  const fitted = await fitFile(fitter, path, { aspect });
  const metadata = await sharp(fitted.path).metadata();
  expect([metadata.width, metadata.height]).toEqual(sides);
});

describe('decoding', () => {
  test('fails for a HEIC that is cut in half', async () => {
    const path = join(await tempDir(), 'half.heic');
    await copyFile(p3Heic, path);
    await truncate(path, Math.floor((await stat(p3Heic)).size / 2));
    await expect(fitFile(fitter, path)).rejects.toMatchObject({
      code: 'cannot_fit',
      message: expect.stringMatching(/^it cannot be decoded: /),
    });
  });

  test('works for the next file after a decoder broke', async () => {
    const folder = await tempDir();
    await writeFile(join(folder, 'broken.heic'), (await readFile(p3Heic)).fill(0xff, 900));
    for (let i = 0; i < 3; i += 1) {
      await expect(fitFile(fitter, join(folder, 'broken.heic'))).rejects.toMatchObject({
        code: 'cannot_fit',
      });
      expect((await fitFile(fitter, p3Heic)).contentType).toBe('image/jpeg');
    }
  });

  test.runIf(process.platform === 'linux')('works after an idle decoder was killed', async () => {
    await fitFile(fitter, p3Heic);
    const pids = await findDecoders();
    for (const pid of pids) {
      process.kill(pid, 'SIGKILL');
    }
    // A killed process exists until Node has noticed its end.
    await expect.poll(() => pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect((await fitFile(fitter, p3Heic)).contentType).toBe('image/jpeg');
  });

  test('fails for a small PNG of 225 megapixels', async () => {
    const path = join(await tempDir(), 'bomb.png');
    const side = 15_000;
    await writeFile(
      path,
      Buffer.concat([
        Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
        chunk('IHDR', Buffer.concat([u32(side), u32(side), Buffer.from([1, 0, 0, 0, 0])])),
        chunk('IDAT', deflateSync(Buffer.alloc(side / 8 + 1))),
        chunk('IEND', Buffer.alloc(0)),
      ]),
    );
    await expect(fitFile(fitter, path, { aspect: { width: 2, height: 1 } })).rejects.toMatchObject({
      code: 'cannot_fit',
      message: 'it has more than 200 megapixels',
    });
  });

  test('fails for a GIF without frames', async () => {
    const gif = Buffer.concat([Buffer.from('GIF89a', 'latin1'), Buffer.from([10, 0, 10, 0, 0, 0, 0, 0x3b])]);
    await expect(fitMade(gif, 'none.gif')).rejects.toMatchObject({ code: 'cannot_fit' });
  });

  test.each([
    ['int', 32, 2],
    ['uint', 32, 1],
    ['short', 16, 2],
  ])('fails for a TIFF of numbers of type %s, which would turn white', async (depth, bits, sampleFormat) => {
    const tiff = createTiff(20, 20, bits, sampleFormat);
    expect((await sharp(tiff).metadata()).depth).toBe(depth);
    await expect(fitMade(tiff, 'numbers.tif')).rejects.toMatchObject({
      code: 'cannot_fit',
      message: expect.stringMatching(/signed or 32-bit/),
    });
  });

  test('takes the first page of a TIFF, and says so', async () => {
    const path = join(await tempDir(), 'pages.tif');
    await sharp(Buffer.alloc(20 * 40 * 3), { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } })
      .tiff({ compression: 'lzw' })
      .toFile(path);
    expect((await sharp(path).metadata()).pages).toBe(2);
    expect((await fitFile(fitter, path)).fitted).toContain('first page taken');
  });

  test('fails for a TIFF of floating-point numbers, which would turn black', async () => {
    const floats = await flat(20, 20).toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer();
    expect((await sharp(floats).metadata()).depth).toBe('float');
    await expect(fitMade(floats, 'float.tif')).rejects.toMatchObject({
      code: 'cannot_fit',
      message: expect.stringMatching(/floating-point/),
      hint: expect.stringMatching(/8 or 16 bits/),
    });
  });

  test.each([
    [
      'SVG',
      '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="file:///etc/passwd"/></svg>',
    ],
    ['a playlist', '#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n'],
    ['a concat script', 'ffconcat version 1.0\nfile /etc/passwd\n'],
    ['a text', 'hello\n'],
    ['nothing', ''],
  ])('is not tried for %s, which keeps its refusal', async (_name, text) => {
    const path = join(await tempDir(), 'clip.mp4');
    await writeFile(path, text);
    expect(await planFile(fitter, path)).toEqual({ kind: 'untouched' });
  });
});

function chunk(name: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  return Buffer.concat([u32(content.length), body, u32(crc32(body))]);
}

/** A black image without compression; `sampleFormat` is 1 for unsigned and 2 for signed numbers. */
function createTiff(width: number, height: number, bits: number, sampleFormat: number): Buffer {
  const triple = (value: number) => Buffer.from(new Uint16Array([value, value, value]).buffer);
  const pixelBytes = width * height * 3 * (bits / 8);
  const bitsAt = 8 + pixelBytes;
  const tags: readonly (readonly [tag: number, type: 3 | 4, count: number, value: number])[] = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 3, bitsAt],
    [259, 3, 1, 1],
    [262, 3, 1, 2],
    [273, 4, 1, 8],
    [277, 3, 1, 3],
    [278, 4, 1, height],
    [279, 4, 1, pixelBytes],
    [339, 3, 3, bitsAt + 6],
  ];
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length);
  for (const [i, [tag, type, count, value]] of tags.entries()) {
    directory.writeUInt16LE(tag, 2 + i * 12);
    directory.writeUInt16LE(type, 4 + i * 12);
    directory.writeUInt32LE(count, 6 + i * 12);
    directory.writeUInt32LE(value, 10 + i * 12);
  }
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(bitsAt + 12, 4);
  return Buffer.concat([head, Buffer.alloc(pixelBytes), triple(bits), triple(sampleFormat), directory]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

describe('the fitter', () => {
  test('writes only to a private folder, which is deleted', async () => {
    const parent = await tempDir();
    const sources = await tempDir();
    await flat(60, 40).gif().toFile(join(sources, 'a.gif'));
    const fitter = startFitter({ tempDir: parent });
    const fitted = await fitFile(fitter, join(sources, 'a.gif'));
    const [folder, ...others] = await readdir(parent);
    expect(others).toEqual([]);
    expect((await stat(join(parent, folder!))).mode & 0o777).toBe(0o700);
    expect(fitted.path.startsWith(join(parent, folder!))).toBe(true);
    await fitter.close();
    expect(await readdir(parent)).toEqual([]);
    expect(await readdir(sources)).toEqual(['a.gif']);
  });

  test('does not convert a file that changed after the check', async () => {
    const path = join(await tempDir(), 'a.gif');
    await flat(60, 40).gif().toFile(path);
    const plan = await planFile(fitter, path);
    await flat(61, 40).gif().toFile(path);
    expect(plan.kind).toBe('fit');
    await expect(
      fitter.fit(plan as Extract<typeof plan, { kind: 'fit' }>, path, new AbortController().signal),
    ).rejects.toMatchObject({ code: 'changed' });
  });

  test('does not convert a file that changed, even with its old time of modification', async () => {
    const path = join(await tempDir(), 'a.gif');
    await flat(60, 40).gif().toFile(path);
    await utimes(path, 1000, 1000);
    const plan = await planFile(fitter, path);
    waitForTick(path);
    await writeFile(path, (await readFile(path)).fill(0, 20));
    await utimes(path, 1000, 1000);
    await expect(
      fitter.fit(plan as Extract<typeof plan, { kind: 'fit' }>, path, new AbortController().signal),
    ).rejects.toMatchObject({ code: 'changed' });
  });

  test('reports a folder that cannot be created as the failure of the file', async () => {
    const path = join(await tempDir(), 'a.gif');
    await flat(60, 40).gif().toFile(path);
    const tempDirPath = join(await tempDir(), 'missing');
    await expect(fitFile(startFitter({ tempDir: tempDirPath }), path)).rejects.toMatchObject({
      code: 'cannot_fit',
      message: expect.stringMatching(/temporary files.*no such file/),
    });
  });
});

test('equal edits have the same key, and different edits have different keys', () => {
  const dependencies = {
    env: {},
    platform: process.platform,
    tempDir: '/',
    userId: 0,
    cores: 1,
    now: Date.now,
  };
  const key = (noLimits: boolean, seconds: number) =>
    new Fitter({ noLimits, fitDir: undefined }, dependencies).formatRecipeKey({
      frame: { atMs: seconds * 1000 },
    });
  expect(key(false, 1)).toBe(key(false, 1));
  expect(new Set([key(false, 1), key(true, 1), key(false, 2)]).size).toBe(3);
});
