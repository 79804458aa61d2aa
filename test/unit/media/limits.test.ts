import { expect, test } from 'vitest';
import { type AssetType, formatNames, listExtensions } from '../../../src/media/asset-types.ts';
import { checkMeasures, checkSize, type Measures } from '../../../src/media/limits.ts';
import { orRefusal, type Refusal } from '../../harness/or-refusal.ts';

const refuse = async (check: () => void) => (await orRefusal(check)) as Refusal | undefined;

test.each<[AssetType, number, string | undefined]>([
  ['image', 10_485_760, undefined],
  ['image', 10_485_761, 'it has 10,485,761 bytes; the limit for an image is 10,485,760'],
  ['video', 52_428_800, undefined],
  ['video', 52_428_801, 'it has 52,428,801 bytes; the limit for a video is 52,428,800'],
  ['audio', 15_728_640, undefined],
  ['audio', 15_728_641, 'it has 15,728,641 bytes; the limit for an audio file is 15,728,640'],
])('the limits for %s of %i bytes', async (type, sizeBytes, message) => {
  const refusal = await refuse(() => checkSize(type, sizeBytes, false));
  expect(refusal?.message).toBe(message);
  expect(refusal?.code).toBe(message && 'too_large');
  expect(refusal?.fittable).toBe(message === undefined ? undefined : true);
});

test.each<[AssetType, Measures, string, string?]>([
  [
    'video',
    { durationMs: 0 },
    'it lasts 0 s; a video may last 2 to 15.4 s',
    'Use a longer one, of 2 s or more.',
  ],
  ['video', { durationMs: 1800 }, 'it lasts 1.8 s; a video may last 2 to 15.4 s'],
  ['video', { durationMs: 1890 }, 'it lasts 1.89 s; a video may last 2 to 15.4 s'],
  ['video', { durationMs: 1899 }, 'it lasts 1.899 s; a video may last 2 to 15.4 s'],
  ['video', { durationMs: 15_501 }, 'it lasts 15.501 s; a video may last 2 to 15.4 s', 'Trim it to 15.4 s.'],
  ['video', { durationMs: 15_510 }, 'it lasts 15.51 s; a video may last 2 to 15.4 s'],
  ['audio', { durationMs: 1890 }, 'it lasts 1.89 s; an audio file may last 2 to 15 s'],
  [
    'audio',
    { durationMs: 15_101 },
    'it lasts 15.101 s; an audio file may last 2 to 15 s',
    'Trim it to 15 s.',
  ],
])('%s of %o is refused', async (type, measures, message, hint) => {
  const refusal = await refuse(() => checkMeasures(type, measures, false));
  expect(refusal).toMatchObject({ code: 'bad_duration', message, ...(hint !== undefined && { hint }) });
  // Nothing makes a clip longer.
  expect(refusal?.fittable).toBe(measures.durationMs! > 2000 || undefined);
});

test.each<[AssetType, string, Measures]>([
  ['image', 'any size', { width: 1, height: 9000 }],
  ['video', '1.9 s', { durationMs: 1900 }],
  ['video', '15.5 s', { durationMs: 15_500 }],
  ['video', 'unknown length', { durationMs: undefined, width: 200, height: 2160 }],
  ['video', '200 x 2160', { durationMs: 5000, width: 200, height: 2160 }],
  ['video', '2160 x 200', { durationMs: 5000, width: 2160, height: 200 }],
  ['audio', '1.9 s', { durationMs: 1900 }],
  ['audio', '15.1 s', { durationMs: 15_100 }],
  ['audio', 'unknown length', { durationMs: undefined }],
])('%s of %s is within the limits', (type, _, measures) => {
  expect(checkMeasures(type, measures, false)).toBeUndefined();
});

test.each([
  [199, 300, 'Scale it up so that each side has 200 pixels or more.'],
  [300, 199, 'Scale it up so that each side has 200 pixels or more.'],
  [2161, 300, 'Scale it down so that no side has more than 2160 pixels.'],
  [300, 2161, 'Scale it down so that no side has more than 2160 pixels.'],
])('a video of %i x %i is refused', async (width, height, hint) => {
  const measures = { durationMs: 5000, width, height };
  expect(await refuse(() => checkMeasures('video', measures, false))).toEqual({
    code: 'bad_dimensions',
    message: `it is shown at ${width} x ${height} pixels; each side may have 200 to 2160`,
    hint,
    // Nothing enlarges a video.
    fittable: Math.max(width, height) > 2160 || undefined,
  });
});

test('the server may check the limits, except the limit of readable sizes', async () => {
  expect(checkMeasures('video', { durationMs: 100_000, width: 1, height: 9000 }, true)).toBeUndefined();
  expect(checkSize('audio', 2 ** 31 - 1, true)).toBeUndefined();
  const refusal = await refuse(() => checkSize('audio', 2 ** 31, true));
  expect(refusal?.message).toBe('it has 2,147,483,648 bytes; the limit is 2,147,483,647');
  expect(refusal?.fittable).toBeUndefined();
});

test('the table names the accepted types', () => {
  expect(formatNames()).toBe('JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC');
  expect(formatNames(['image'], 'or')).toBe('JPEG, PNG or WebP');
  expect(listExtensions().slice(0, 4)).toEqual(['jpg', 'jpeg', 'png', 'webp']);
  expect(listExtensions()).toContain('mov');
});
