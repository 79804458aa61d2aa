import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contentTypes, isContentType, matchesContentType, readPixels } from '../../../src/sandbox/image.ts';
import { fixture, fixtures } from '../../fixtures.ts';

describe.each(fixtures)('$name', ({ file, contentType, width, height }) => {
  const bytes = readFileSync(file);

  test('has its type and no other', () => {
    expect(contentTypes.filter((type) => matchesContentType(bytes, type))).toEqual([contentType]);
  });

  test('has its width and height, wherever it lies in memory', () => {
    expect(readPixels(bytes, contentType)).toEqual({ width, height });
    const within = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(7, 0xff)]);
    expect(readPixels(within.subarray(7, -7), contentType)).toEqual({ width, height });
  });

  test('has no size when only its signature is there, whatever follows it in memory', () => {
    expect(readPixels(bytes.subarray(0, 12), contentType)).toBeUndefined();
    expect(readPixels(bytes.subarray(0, 24), contentType)).toBeUndefined();
  });

  test('has no size as another type', () => {
    for (const type of contentTypes.filter((other) => other !== contentType)) {
      expect(readPixels(bytes, type)).toBeUndefined();
    }
  });
});

test('a WebP cut within its canvas size has none, whatever follows it in memory', () => {
  const bytes = readFileSync(fixture('loop.webp').file);
  expect(readPixels(bytes.subarray(0, 30), 'image/webp')).toEqual({ width: 100, height: 80 });
  expect(readPixels(bytes.subarray(0, 29), 'image/webp')).toBeUndefined();
});

test('a JPEG without a frame has no size, nor has a PNG of no pixels', () => {
  expect(readPixels(Buffer.from('ffd8ff'.padEnd(200, '0'), 'hex'), 'image/jpeg')).toBeUndefined();
  const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000000000000100806000000', 'hex');
  expect(readPixels(png, 'image/png')).toBeUndefined();
});

test('a missing Content-Type is not supported', () => {
  expect(isContentType(undefined)).toBe(false);
});

test.each(['', 'image/bmp', 'IMAGE/PNG', 'image/png; charset=utf-8', 'toString'])(
  'the Content-Type %s is not supported',
  (header) => {
    expect(isContentType(header)).toBe(false);
  },
);
