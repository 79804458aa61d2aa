import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UploadError } from '../../../src/errors.ts';
import { detectType, headBytes } from '../../../src/media/detect-type.ts';
import { fixtures } from '../../fixtures.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const zeros = (length: number) => '\0'.repeat(length);
const pngHeader = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\b\0\0\0\0\x3a\x7e\x9b\x55';

test.each(fixtures)('$name is $contentType, by its head and as a whole', async ({ file, contentType }) => {
  const image = await readFile(file);
  expect(await detectType(image)).toBe(contentType);
  expect(await detectType(image.subarray(0, headBytes))).toBe(contentType);
  expect(await detectType(image.subarray(0, 64))).toBe(contentType);
});

test.each([
  ['JFIF', '\xff\xd8\xff\xe0\0\x10JFIF\0', 'image/jpeg'],
  ['EXIF', '\xff\xd8\xff\xe1\0\x10Exif\0\0', 'image/jpeg'],
  ['JPEG without either', '\xff\xd8\xff\xdb\0\x43\0', 'image/jpeg'],
  ['PNG', `${pngHeader}\0\0\0\x0aIDAT`, 'image/png'],
  ['APNG', `${pngHeader}\0\0\0\x08acTL\0\0\0\x02\0\0\0\0`, 'image/png'],
  ['PNG with a chunk longer than the head', `${pngHeader}\0\x01\0\0iCCP${zeros(headBytes)}`, 'image/png'],
  ['PNG with a chunk of an impossible length', `${pngHeader}\xff\xff\xff\xffiCCP`, 'image/png'],
  ['WebP, lossy', 'RIFF\x24\0\0\0WEBPVP8 ', 'image/webp'],
  ['WebP, lossless', 'RIFF\x24\0\0\0WEBPVP8L', 'image/webp'],
  ['WebP, extended', 'RIFF\x24\0\0\0WEBPVP8X', 'image/webp'],
])('%s', async (_, head, contentType) => {
  expect(await detectType(bytes(head))).toBe(contentType);
});

const unknown = 'not an image that can be recognised';
test.each([
  ['BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0', 'a BMP image'],
  ['GIF87a\x01\0\x01\0', 'a GIF image'],
  ['GIF89a\x01\0\x01\0', 'a GIF image'],
  ['%PDF-1.7\n', 'a PDF document'],
  ['PK\x03\x04\x14\0\0\0', 'a ZIP archive'],
  ['8BPS\0\x01', 'a Photoshop document'],
  ['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'a HEIC image'],
  ['\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf', 'an AVIF image'],
  ['\0\0\0\x18ftypisom\0\0\x02\0isomiso2', 'an MP4 video'],
  ['\0\0\0\x14ftypqt  ', 'a QuickTime video'],
  ['\xff\x0a\0\0', 'a JPEG XL image'],
  ['<?xml version="1.0"?><svg/>', 'an XML or SVG document'],
  ['RIFF\x24\0\0\0WAVEfmt ', 'audio/wav'],
  ['RIFF\x24\0\0\0AVI LIST', 'video/vnd.avi'],
  ['\xff\xd8\xff\xf7\0\0', 'image/jls'],
  ['', unknown],
  ['\xff\xd8', unknown],
  ['\x89PNG\r\n\x1a', unknown],
  ['\x89PNG\n\x1a\n\0\0\0\rIHDR', unknown],
  ['RIFF\x24\0\0\0WEB', unknown],
  ['WEBPVP8 ', unknown],
  [`\n${pngHeader}`, unknown],
  ['<!doctype html>', unknown],
  ['{"error": "not found"}', unknown],
  ['text', unknown],
  [zeros(headBytes), unknown],
])('%j is %s', async (head, what) => {
  const error = await detectType(bytes(head)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UploadError);
  expect(error).toMatchObject({
    code: 'unsupported_type',
    message: `it is ${what}; JPEG, PNG and WebP are accepted`,
  });
});

test.each([
  ['\xef\xbb\xbf\xff\xd8\xff\xe0\0\x10JFIF', 'image/jpeg'],
  [`\xef\xbb\xbf${pngHeader}\0\0\0\x0aIDAT`, 'image/png'],
  [`\xef\xbb\xbf${pngHeader}\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\x0aIDAT`, 'image/png'],
  ['\xef\xbb\xbfRIFF\x24\0\0\0WEBPVP8 ', 'image/webp'],
  [`ID3\x03\0\0\0\0\0\x04${zeros(4)}\xff\xd8\xff\xe0`, 'image/jpeg'],
])('%j has something in front', async (head, type) => {
  await expect(detectType(bytes(head))).rejects.toMatchObject({
    code: 'unsupported_type',
    message: `it has other bytes in front of the image (${type}); JPEG, PNG and WebP are accepted`,
  });
});

test('looks at its own bytes only, wherever they lie in memory', async () => {
  const memory = bytes(`\xff\xd8\xff\xe0${pngHeader}`);
  expect(await detectType(memory.subarray(4))).toBe('image/png');
  await expect(detectType(memory.subarray(4, 11))).rejects.toThrow(unknown);
});

test('whatever the bytes are, they are an image by their first ones or unsupported', async () => {
  const starts = [
    '\xff\xd8\xff',
    pngHeader,
    'RIFF\0\0\0\0WEBP',
    'ID3\x03\0\0',
    '\xef\xbb\xbf',
    'PK\x03\x04',
    '\x1f\x8b\x08\0',
  ];
  const start = fc.constantFrom('', '\0\0\0\x18ftyp', 'II*\0', 'OggS', '\x1a\x45\xdf\xa3', ...starts);
  const signatures = { 'image/jpeg': '\xff\xd8\xff', 'image/png': '\x89PNG\r\n\x1a\n', 'image/webp': 'RIFF' };
  await fc.assert(
    fc.asyncProperty(start, start, fc.uint8Array({ maxLength: 200 }), async (first, second, rest) => {
      const head = Buffer.concat([bytes(first + second), rest]);
      const type = await detectType(head).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'FileError', code: 'unsupported_type' });
        return undefined;
      });
      if (type !== undefined) {
        expect(head.toString('latin1').startsWith(signatures[type])).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
