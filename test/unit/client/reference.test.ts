import { describe, expect, it } from 'vitest';
import { isReference, parseAssetRef, parseImageRef } from '../../../src/client/reference.ts';
import { escapeUnsafe } from '../../../src/report/escape.ts';

describe('isReference', () => {
  it.each(['US:a@b-image:w1:h1:s1-uri:x', 'x', 'a::b', '#[x]##', '!'.repeat(2048)])('accepts %s', (text) => {
    expect(isReference(text)).toBe(true);
    expect(escapeUnsafe(text)).toBe(text);
  });

  it.each([
    ['', 7, null, undefined, {}],
    ['a b', 'a\n', '\x1b', 'é', '\u202e'],
    ['!'.repeat(2049), '!'.repeat(900_000)],
    ['::set-output name=r::x'.replaceAll(' ', '-'), '::', 'a##[error]', '##vso[task.complete]'],
  ])('refuses each of %j', (...values) => {
    expect(values.filter(isReference)).toEqual([]);
  });
});

describe('parseImageRef', () => {
  it.each([
    [
      'US:name@example.com-image:w685:h900:s86866-uri:tos-useast5-i-wopfjsm1ax-tx/3605b150c6b949f5acea2eac3ca59544',
      {
        account: 'US:name@example.com',
        width: 685,
        height: 900,
        sizeBytes: 86866,
        nativeUri: 'tos-useast5-i-wopfjsm1ax-tx/3605b150c6b949f5acea2eac3ca59544',
      },
    ],
    ['CA:a@b-image:w1:h1:s1-uri:x', { account: 'CA:a@b', width: 1, height: 1, sizeBytes: 1, nativeUri: 'x' }],
    // The parts may contain the separators, too.
    [
      'US:me-image:w1@example.com-image:w2:h3:s4-uri:tos/a-uri:b?c=d',
      {
        account: 'US:me-image:w1@example.com',
        width: 2,
        height: 3,
        sizeBytes: 4,
        nativeUri: 'tos/a-uri:b?c=d',
      },
    ],
  ])('splits %s into its parts', (text, parts) => {
    expect(parseImageRef(text)).toEqual(parts);
  });

  it.each([
    ['an empty text', ''],
    ['a file name', 'night.png'],
    ['a reference without an account', '-image:w1:h1:s1-uri:x'],
    ['a region in lower case', 'us:a@b-image:w1:h1:s1-uri:x'],
    ['a reference without a native URI', 'US:a@b-image:w1:h1:s1-uri:'],
    ['a reference without a size', 'US:a@b-image:w1:h1-uri:x'],
    ['a negative width', 'US:a@b-image:w-1:h1:s1-uri:x'],
    ['a fraction', 'US:a@b-image:w1.5:h1:s1-uri:x'],
    ['a width beyond what a number holds', `US:a@b-image:w${'9'.repeat(400)}:h1:s1-uri:x`],
    ['a space in front', ' US:a@b-image:w1:h1:s1-uri:x'],
    ['a line break at the end', 'US:a@b-image:w1:h1:s1-uri:x\n'],
    ['a space inside', 'US:a@b-image:w1:h1:s1-uri:x y'],
    ["a video's", 'US:a@b-video:w720:h1280:s123456:d5000-vid:v0123'],
  ])('finds no parts in %s', (_what, text) => {
    expect(parseImageRef(text)).toBeUndefined();
  });
});

describe('parseAssetRef', () => {
  it.each([
    [
      'CA:name@example.com-image:w2560:h1440:s580914-uri:tos-alisg-i-wopfjsm1ax-sg/abc123',
      {
        account: 'CA:name@example.com',
        type: 'image',
        width: 2560,
        height: 1440,
        sizeBytes: 580_914,
        nativeId: 'tos-alisg-i-wopfjsm1ax-sg/abc123',
      },
    ],
    [
      'CA:name@example.com-video:w1070:h1904:s1656759:d5880-vid:v10762g50003d77lv1nog65ie0vi8oh0',
      {
        account: 'CA:name@example.com',
        type: 'video',
        width: 1070,
        height: 1904,
        sizeBytes: 1_656_759,
        durationMs: 5880,
        nativeId: 'v10762g50003d77lv1nog65ie0vi8oh0',
      },
    ],
    [
      'CA:name@example.com-audio:w480:h360:s562605:d14040-vid:v10762g50003d77l5uvog65nl4esjs2g',
      {
        account: 'CA:name@example.com',
        type: 'audio',
        width: 480,
        height: 360,
        sizeBytes: 562_605,
        durationMs: 14_040,
        nativeId: 'v10762g50003d77l5uvog65nl4esjs2g',
      },
    ],
    // The public copies of the page mask the word before the measures.
    [
      'US:a-b@c-d.example-***:w1:h2:s3:d4-vid:x',
      {
        account: 'US:a-b@c-d.example',
        type: '***',
        width: 1,
        height: 2,
        sizeBytes: 3,
        durationMs: 4,
        nativeId: 'x',
      },
    ],
  ])('splits %s into its parts', (text, parts) => {
    expect(parseAssetRef(text)).toEqual(parts);
  });

  it.each([
    ['an empty text', ''],
    ['a reference without a type', 'US:a@b-:w1:h1:s1-uri:x'],
    ['a reference without a dash before the type', 'US:a@b:w1:h1:s1-uri:x'],
    ['a space in the native id', 'US:a@b-video:w1:h1:s1:d1-vid:x y'],
    ['a duration that is not a number', 'US:a@b-video:w1:h1:s1:dx-vid:x'],
  ])('finds no parts in %s', (_what, text) => {
    expect(parseAssetRef(text)).toBeUndefined();
  });

  it('takes time in proportion to the length of the text', () => {
    expect(parseAssetRef(`US:${'-image:w1:h1:s1-uri:'.repeat(20_000)} `)).toBeUndefined();
  });
});
