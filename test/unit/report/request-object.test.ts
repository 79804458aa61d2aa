import { describe, expect, it } from 'vitest';
import {
  assertRequest,
  createRequestObject,
  type PlannedAsset,
  promptNames,
} from '../../../src/report/request-object.ts';
import type { RequestFormat } from '../../../src/report/result-formats.ts';

/** Assets from a short text: `i` is an image, `v5` a video of 5 s, `a5` an audio file of 5 s, `v?` one of unknown length. */
function assets(text: string): (PlannedAsset & { assetRef: string })[] {
  const types = { i: 'image', v: 'video', a: 'audio' } as const;
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word, i) => {
      const seconds = Number(word.slice(1));
      return {
        path: `${i}.file`,
        type: types[word[0] as keyof typeof types],
        durationMs: word.length === 1 || Number.isNaN(seconds) ? undefined : Math.round(seconds * 1000),
        assetRef: `ref${i}`,
      };
    });
}

describe('assertRequest', () => {
  it.each<[RequestFormat, string]>([
    ['frames', 'i'],
    ['frames', 'i i i i i i i i i i'],
    ['images', 'i i i i i i'],
    ['omni', 'i i i i i i i i i v5 v5 v5.4 a5 a5 a5'],
    ['omni', 'i'],
    ['omni', 'v15.5'],
    ['omni', 'i a15.1'],
    ['omni', 'v? a?'],
    ['omni', 'v5 a5'],
  ])('%s accepts %s', (format, text) => {
    expect(() => assertRequest(format, assets(text))).not.toThrow();
  });

  it.each<[RequestFormat, string, string]>([
    [
      'frames',
      'i '.repeat(11),
      '--format frames takes at most 10 images, as POST /videos does; there are 11',
    ],
    ['frames', 'i v5', '--format frames takes images only; 1.file is a video'],
    ['frames', 'a5', '--format frames takes images only; 0.file is an audio file'],
    ['images', 'i '.repeat(7), '--format images takes at most 6 images, as POST /images does; there are 7'],
    ['images', 'v5', '--format images takes images only; 0.file is a video'],
    ['omni', 'i '.repeat(10), '--format omni takes at most 9 images, as POST /videos does; there are 10'],
    ['omni', 'v2 v2 v2 v2', '--format omni takes at most 3 videos, as POST /videos does; there are 4'],
    ['omni', 'i a2 a2 a2 a2', '--format omni takes at most 3 audio files, as POST /videos does; there are 4'],
    ['omni', 'v8 v7.51', '--format omni takes at most 15.4 s of video together; there are 15.5 s'],
    ['omni', 'i a8 a7.11', '--format omni takes at most 15 s of audio together; there are 15.1 s'],
    ['omni', 'a5', '--format omni needs an image or a video beside the audio'],
  ])('%s refuses %s', (format, text, message) => {
    expect(() => assertRequest(format, assets(text))).toThrow(message);
  });
});

describe('createRequestObject', () => {
  it.each<[RequestFormat, string, object]>([
    ['frames', 'i', { firstFrameRef: 'ref0' }],
    ['frames', 'i i', { firstFrameRef: 'ref0', endFrameRef: 'ref1' }],
    ['frames', 'i i i', { frame_1_imageRef: 'ref0', frame_2_imageRef: 'ref1', frame_3_imageRef: 'ref2' }],
    [
      'omni',
      'v5 i a5 i',
      { omni_1_videoRef: 'ref0', omni_1_imageRef: 'ref1', omni_1_audioRef: 'ref2', omni_2_imageRef: 'ref3' },
    ],
    ['images', 'i i', { imageRef_1: 'ref0', imageRef_2: 'ref1' }],
  ])('creates an object of the format %s from %s', (format, text, object) => {
    expect(createRequestObject(format, assets(text))).toEqual(object);
  });
});

it('numbers the names of a prompt within each type', () => {
  expect(promptNames(assets('i v5 i a5 v5'))).toEqual([
    '@image1',
    '@video1',
    '@image2',
    '@audio1',
    '@video2',
  ]);
});
