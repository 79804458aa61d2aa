import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contentTypes, matchesContentType, measure } from '../../../../src/sandbox/media/formats.ts';
import { type Fixture, fixture, fixtures } from '../../../fixtures.ts';

const read = (name: Parameters<typeof fixture>[0]) => readFileSync(fixture(name).file);

describe.each(fixtures)('$name', ({ file, contentType, width, height }) => {
  const bytes = readFileSync(file);

  test('matches its type and no other', () => {
    expect(contentTypes.filter((type) => matchesContentType(bytes, type))).toEqual([contentType]);
  });

  test('has its width and height, wherever it lies in memory', () => {
    expect(measure(bytes, contentType)).toEqual({ sides: { width, height } });
    const within = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(7, 0xff)]);
    expect(measure(within.subarray(7, -7), contentType)).toEqual({ sides: { width, height } });
  });

  test('is damaged if it is truncated', () => {
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      expect(measure(bytes.subarray(0, bytes.length * share), contentType), `${share}`).toBeUndefined();
    }
    for (let length = 0; length < 40; length += 1) {
      expect(measure(bytes.subarray(0, length), contentType), `${length}`).toBeUndefined();
    }
  });

  test('may have bytes after its end', () => {
    const sides = { width, height };
    expect(measure(Buffer.concat([bytes, Buffer.alloc(100)]), contentType)).toEqual({ sides });
  });
});

const jpeg = (...segments: string[]) => Buffer.from(`ffd8${segments.join('')}`, 'hex');
const app0 = 'ffe000040000';
const frame = (marker: string) => `ff${marker}000b080010002001011100`;
const scan = 'ffda0008010100003f00aabb';

test.each([
  ['baseline', [frame('c0'), scan, 'ffd9']],
  ['progressive', [app0, frame('c2'), scan, 'ffd9']],
  ['arithmetic coding', [frame('c9'), scan, 'ffd9']],
  ['fill bytes', ['ffffff', 'e000040000', 'ff', frame('c0'), scan, 'ffd9']],
  ['bytes between segments', [app0, '00ab', 'ff00', frame('c0'), scan, 'ffd9']],
  ['bytes after the end', [frame('c0'), scan, 'ffd9', '0000']],
  ['a thumbnail with its own end', ['ffe10006ffd9ffda', frame('c0'), scan, 'ffd9']],
])('a JPEG with %s has sides', (_what, segments) => {
  expect(measure(jpeg(...segments), 'image/jpeg')).toEqual({ sides: { width: 32, height: 16 } });
});

test.each([
  ['no frame', [app0, scan, 'ffd9']],
  ['no scan', [frame('c0'), 'ffd9']],
  ['no end', [frame('c0'), scan]],
  ['the end of a thumbnail only', ['ffe10006ffd9ffda', frame('c0'), scan]],
  ['a lossless frame', [frame('c3'), scan, 'ffd9']],
  ['a differential lossless frame', [app0, frame('c7'), scan, 'ffd9']],
  ['a JPEG-LS frame', [frame('f7'), scan, 'ffd9']],
  ['a JPEG-LS frame after APP0', [app0, frame('f7'), scan, 'ffd9']],
])('a JPEG with %s is damaged', (_what, segments) => {
  expect(measure(jpeg(...segments), 'image/jpeg')).toBeUndefined();
});

test("Apple's variant of PNG is damaged, and so is a PNG whose chunks do not reach IEND", () => {
  const bytes = read('night.png');
  const cgbi = Buffer.from('0000000443674249500020060000000a', 'hex');
  expect(
    measure(Buffer.concat([bytes.subarray(0, 8), cgbi, bytes.subarray(8)]), 'image/png'),
  ).toBeUndefined();
  const long = Buffer.from(bytes);
  long.writeUInt32BE(0xffffffff, bytes.indexOf('IDAT') - 4);
  expect(measure(long, 'image/png')).toBeUndefined();
});

test('a WebP without an image chunk is damaged', () => {
  const bytes = Buffer.from(read('dunes.webp'));
  bytes.write('JUNK', 12);
  expect(measure(bytes, 'image/webp')).toBeUndefined();
});

test.each<Fixture['contentType']>(['image/jpeg', 'image/png', 'image/webp'])(
  'noise does not match %s',
  (contentType) => {
    expect(matchesContentType(Buffer.alloc(1000, 0x5a), contentType)).toBe(false);
    expect(matchesContentType(Buffer.alloc(0), contentType)).toBe(false);
  },
);
