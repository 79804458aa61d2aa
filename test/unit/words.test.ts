import { expect, it } from 'vitest';
import { joinWords, truncate } from '../../src/words.ts';

it.each([
  [[], ''],
  [['bash'], 'bash'],
  [['bash', 'zsh'], 'bash or zsh'],
  [['bash', 'zsh', 'fish'], 'bash, zsh or fish'],
])('joins %j: %s', (words, text) => {
  expect(joinWords(words, 'or')).toBe(text);
});

it.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['ab😀d', 4, 'ab…'],
  ['a😀d', 3, 'a…'],
  ['😀😀', 3, '😀…'],
])('truncates %s to %i: %s', (text, maxLength, short) => {
  expect(truncate(text, maxLength)).toBe(short);
});
