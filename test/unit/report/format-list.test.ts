import { expect, test } from 'vitest';
import { formatList } from '../../../src/report/format-list.ts';

const letters = [...'abcdefghijkl'];

test.each([
  [[], ''],
  [['a'], 'a'],
  [letters.slice(0, 10), 'a, b, c, d, e, f, g, h, i, j'],
  [letters, 'a, b, c, d, e, f, g, h, i, j and 2 more'],
  [Array.from({ length: 9000 }, () => 'x'), 'x, x, x, x, x, x, x, x, x, x and 8,990 more'],
])('%j', (texts, expected) => {
  expect(formatList(texts)).toBe(expected);
});
