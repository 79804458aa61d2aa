import { expect, test } from 'vitest';
import { describeRatioMismatch } from '../../../src/report/aspect-ratio.ts';
import type { UploadRecord } from '../../../src/upload/record.ts';
import { uploadedRecord } from '../../harness/uploaded-record.ts';

/** A frame that has a reference, of a size such as `160x90`, or `?` if it is not known; its path is its letter. */
function frame(index: number, size: string): UploadRecord {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(size) ?? [];
  const sides = size === '?' ? {} : { width: Number(width), height: Number(height) };
  return uploadedRecord({ index, path: 'abcdef'[index]!, ...sides });
}

function describeMismatch(sizes: string): string | undefined {
  return describeRatioMismatch(
    sizes
      .split(' ')
      .filter(Boolean)
      .map((size, i) => frame(i, size)),
  );
}

test.each([
  ['no frames', ''],
  ['one frame', '160x90'],
  ['the same size', '160x90 160x90'],
  ['the same ratio', '160x90 128x72 1920x1080'],
  ['sides rounded to whole pixels', '1920x1080 854x480 1366x768'],
  ['one pixel more in a hundred, which is within the limit', '1000x1000 1009x1000 991x1000'],
  ['unknown sizes', '? 160x90 ?'],
  ['no known size', '? ?'],
  ['a side of 0, which is not a size', '160x90 0x90 160x0'],
])('no warning for %s', (_, sizes) => {
  expect(describeMismatch(sizes)).toBeUndefined();
});

test.each([
  ['wide and tall', '160x90 90x160', 'a is 160x90, b is 90x160'],
  ['over one pixel more in a hundred', '1000x1000 1011x1000', 'a is 1000x1000, b is 1011x1000'],
  ['over one pixel less in a hundred', '1000x1000 989x1000', 'a is 1000x1000, b is 989x1000'],
  ['the first frame that differs', '160x90 128x72 100x80 1x9', 'a is 160x90, c is 100x80'],
  ['small steps that are large together', '1000x1000 1008x1000 1016x1000', 'a is 1000x1000, c is 1016x1000'],
  ['the first size that is known', '? 160x90 80x80', 'b is 160x90, c is 80x80'],
])('a warning for %s', (_, sizes, expected) => {
  expect(describeMismatch(sizes)).toContain(`the frames differ in aspect ratio: ${expected}; `);
});

test('the warning says how to crop them to the shape of the first', () => {
  expect(describeMismatch('1920x1080 1000x1000')).toMatch(/; crop them to one with --aspect 16:9$/);
});

test('files without a reference are not frames', () => {
  const records: UploadRecord[] = [
    frame(0, '160x90'),
    { index: 1, path: 'b', status: 'cancelled', attempts: 0 },
    {
      index: 2,
      path: 'c',
      status: 'failed',
      attempts: 1,
      error: { code: 'empty', message: 'it is empty', retryable: false },
    },
    frame(3, '80x45'),
  ];
  expect(describeRatioMismatch(records)).toBeUndefined();
});
