import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { wrapWords } from '../../../src/report/wrap-words.ts';

it.each([
  ['', 10, ['']],
  ['one', 2, ['one']],
  ['one two three', 7, ['one two', 'three']],
  ['one two three', 6, ['one', 'two', 'three']],
])('wraps %j at %i', (text, width, lines) => {
  expect(wrapWords(text.split(' '), width)).toEqual(lines);
});

it('wraps by the columns that text takes', () => {
  expect(wrapWords(['夜景', '夜'], 6, stringWidth)).toEqual(['夜景', '夜']);
  expect(wrapWords(['夜景', '夜'], 7, stringWidth)).toEqual(['夜景 夜']);
});
