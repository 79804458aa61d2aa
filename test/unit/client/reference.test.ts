import { describe, expect, it } from 'vitest';
import { parseImageRef } from '../../../src/client/reference.ts';

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
    // What separates the parts may stand inside them too.
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
  ])('takes %s apart', (text, parts) => {
    expect(parseImageRef(text)).toEqual(parts);
  });

  it.each([
    ['an empty text', ''],
    ['no reference', 'night.png'],
    ['no account', '-image:w1:h1:s1-uri:x'],
    ['a region in lower case', 'us:a@b-image:w1:h1:s1-uri:x'],
    ['no native URI', 'US:a@b-image:w1:h1:s1-uri:'],
    ['no size', 'US:a@b-image:w1:h1-uri:x'],
    ['a negative width', 'US:a@b-image:w-1:h1:s1-uri:x'],
    ['a fraction', 'US:a@b-image:w1.5:h1:s1-uri:x'],
    ['a width beyond what a number holds', `US:a@b-image:w${'9'.repeat(400)}:h1:s1-uri:x`],
    ['a space in front', ' US:a@b-image:w1:h1:s1-uri:x'],
    ['a line break at the end', 'US:a@b-image:w1:h1:s1-uri:x\n'],
    ['a space inside', 'US:a@b-image:w1:h1:s1-uri:x y'],
    ["a video's", 'US:a@b-video:w720:h1280:s123456:d5000-vid:v0123'],
  ])('knows nothing of %s', (_what, text) => {
    expect(parseImageRef(text)).toBeUndefined();
  });
});
