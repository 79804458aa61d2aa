import { expect, test } from 'vitest';
import { quoteValue } from '../../../src/settings/quote-value.ts';

const hidden = 'a value that is not shown, because it may hold a secret';
const circle: unknown[] = [];
circle.push(circle);

test.each([
  ['abc', '"abc"'],
  ['', '""'],
  ['a"b\n\u001b[31m', '"a\\"b\\n\\u001b[31m"'],
  ['x'.repeat(40), `"${'x'.repeat(40)}"`],
  ['x'.repeat(41), `"${'x'.repeat(39)}…"`],
  [4.5, '4.5'],
  [Number.NaN, 'NaN'],
  [true, 'true'],
  [null, 'null'],
  [circle, 'a list'],
  [{ a: 1 }, 'a mapping'],
  ['user:1234-abc', hidden],
  ['Bearer abc', hidden],
  ['https://ann:password@example.com', hidden],
  ['https://example.com?key=secret', hidden],
  ['example.com/v1?key=secret', hidden],
  ['https://example.com/#token=secret', hidden],
  ['take.mp4#frame=last', '"take.mp4#frame=last"'],
  ['shot-?.png', '"shot-?.png"'],
])('%j', (value, expected) => {
  expect(quoteValue(value)).toBe(expected);
});
