import { expect, test } from 'vitest';
import { describeRatioMismatch } from '../../../src/report/aspect-ratio.ts';
import type { UploadRecord } from '../../../src/upload/record.ts';

type Size = readonly [width: number, height: number];

/** A frame that has a reference; its path is its letter. */
function frame(index: number, size: Size | undefined): UploadRecord {
  return {
    index,
    path: 'abcdef'[index]!,
    status: 'uploaded',
    type: 'image',
    assetRef: 'reference',
    imageRef: 'reference',
    account: 'US:name@example.com',
    ...(size !== undefined && { width: size[0], height: size[1] }),
    size: 1000,
    contentType: 'image/png',
    sha256: '0'.repeat(64),
    attempts: 1,
    durationMs: 1,
  };
}

test.each<[why: string, sizes: readonly (Size | undefined)[]]>([
  ['no frames', []],
  ['one frame', [[160, 90]]],
  [
    'the same size',
    [
      [160, 90],
      [160, 90],
    ],
  ],
  [
    'the same ratio',
    [
      [160, 90],
      [128, 72],
      [1920, 1080],
    ],
  ],
  [
    'sides rounded to whole pixels',
    [
      [1920, 1080],
      [854, 480],
      [1366, 768],
    ],
  ],
  [
    'one pixel more in a hundred, which is within the limit',
    [
      [1000, 1000],
      [1009, 1000],
      [991, 1000],
    ],
  ],
  ['unknown sizes', [undefined, [160, 90], undefined]],
  ['no known size', [undefined, undefined]],
  [
    'a side of 0, which is not a size',
    [
      [160, 90],
      [0, 90],
      [160, 0],
    ],
  ],
])('no warning for %s', (_, sizes) => {
  expect(describeRatioMismatch(sizes.map((size, i) => frame(i, size)))).toBeUndefined();
});

test.each<[why: string, sizes: readonly (Size | undefined)[], expected: string]>([
  [
    'wide and tall',
    [
      [160, 90],
      [90, 160],
    ],
    'a is 160x90, b is 90x160',
  ],
  [
    'over one pixel more in a hundred',
    [
      [1000, 1000],
      [1011, 1000],
    ],
    'a is 1000x1000, b is 1011x1000',
  ],
  [
    'over one pixel less in a hundred',
    [
      [1000, 1000],
      [989, 1000],
    ],
    'a is 1000x1000, b is 989x1000',
  ],
  [
    'the first frame that differs',
    [
      [160, 90],
      [128, 72],
      [100, 80],
      [1, 9],
    ],
    'a is 160x90, c is 100x80',
  ],
  [
    'small steps that are large together',
    [
      [1000, 1000],
      [1008, 1000],
      [1016, 1000],
    ],
    'a is 1000x1000, c is 1016x1000',
  ],
  ['the first size that is known', [undefined, [160, 90], [80, 80]], 'b is 160x90, c is 80x80'],
])('a warning for %s', (_, sizes, expected) => {
  expect(describeRatioMismatch(sizes.map((size, i) => frame(i, size)))).toContain(
    `the frames differ in aspect ratio: ${expected}; `,
  );
});

test('the warning says how to crop them to the shape of the first', () => {
  expect(describeRatioMismatch([frame(0, [1920, 1080]), frame(1, [1000, 1000])])).toMatch(
    /; crop them to one with --aspect 16:9$/,
  );
});

test('files without a reference are not frames', () => {
  const records: UploadRecord[] = [
    frame(0, [160, 90]),
    { index: 1, path: 'b', status: 'cancelled', attempts: 0 },
    {
      index: 2,
      path: 'c',
      status: 'failed',
      attempts: 1,
      error: { code: 'empty', message: 'it is empty', retryable: false },
    },
    frame(3, [80, 45]),
  ];
  expect(describeRatioMismatch(records)).toBeUndefined();
});
