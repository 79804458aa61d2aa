import { expect, test } from 'vitest';
import { definitionOf, definitions, type Key, keys } from '../../../src/settings/definitions.ts';

const parse = (key: Key, given: unknown, isText: boolean) => definitionOf(key).parse(given, isText);

test('the keys are in display order', () => {
  expect(keys).toEqual(['token', 'account', 'apiUrl', 'concurrency', 'retries', 'timeout']);
});

test('every default is a valid value in its final form', () => {
  const defaults = keys.flatMap((key) => {
    const { default: value, show = (it: unknown) => it } = definitionOf<Key>(key);
    return value === undefined ? [] : [[key, value, parse(key, show(value as never), false)]];
  });
  expect(defaults.map(([key]) => key)).toEqual(['apiUrl', 'concurrency', 'retries', 'timeout']);
  for (const [, value, parsed] of defaults) {
    expect(parsed).toBe(value);
  }
});

test.each<[Key, unknown[], unknown[]]>([
  ['concurrency', [1, 4, 64], [0, 65, -1, 1.5, Number.NaN, Infinity, '4', true, [4]]],
  ['retries', [0, 5, 20], [-1, 21, 0.5, Number.NaN, '5', false]],
  ['token', ['user:1-a'], [1234, true, ['user:1-a'], '']],
  ['account', ['US:name@example.com'], [1, {}, 'name@example.com']],
  ['apiUrl', ['https://example.com'], [1, 'example.com']],
  ['timeout', [], [0, -1, 86_400.1, Number.NaN, Infinity, true, [120], '', '0', '2 m', '2x', '-1', '25h']],
])('a file may set %s only to valid values', (key, right, wrong) => {
  for (const value of right) {
    expect(parse(key, value, false)).toBe(value);
  }
  for (const value of wrong) {
    expect(parse(key, value, false), String(value)).toBeUndefined();
  }
});

test.each([
  [0.5, 500],
  [1.001, 1001],
  [0.0001, 1],
  [120, 120_000],
  [86_400, 86_400_000],
])('a timeout of %d s is %d ms, and is shown in seconds', (seconds, timeoutMs) => {
  expect(parse('timeout', seconds, false)).toBe(timeoutMs);
  expect(definitions.timeout.show(timeoutMs)).toBe(timeoutMs / 1000);
});

test.each([
  ['90', 90_000],
  ['0.5', 500],
  ['90s', 90_000],
  ['0.5s', 500],
  ['2m', 120_000],
  ['1.5m', 90_000],
  ['24h', 86_400_000],
])('a timeout of %j is %d ms, from any source', (text, timeoutMs) => {
  expect(parse('timeout', text, true)).toBe(timeoutMs);
  expect(parse('timeout', text, false)).toBe(timeoutMs);
});

const notPlainDigits = [
  '',
  ' ',
  ' 4',
  '4 ',
  '4\n',
  '+4',
  '-4',
  'abc',
  '4abc',
  '1e1',
  '0x10',
  '0b1',
  '1_0',
  '1,5',
  '٤',
];

test.each<[Key, Record<string, number>, unknown[]]>([
  ['concurrency', { 1: 1, 64: 64, '08': 8 }, [4, '0', '65', '1.5', '4.', '99999999999999999999']],
  ['retries', { 0: 0, 20: 20 }, [4, '21', '0.5']],
  [
    'timeout',
    { 1: 1000, '0.5': 500, '0.125': 125, '0.125s': 125, 86400: 86_400_000, '86400.0': 86_400_000 },
    [
      '0',
      '0.0',
      '0s',
      '86401',
      '86401s',
      '.5',
      '5.',
      '.5s',
      '5.s',
      '1.2.3',
      '5 s',
      '5S',
      '5sec',
      'x5s',
      'Infinity',
      'NaN',
    ],
  ],
])('a flag or a variable may set %s only to valid values', (key, right, wrong) => {
  for (const [text, value] of Object.entries(right)) {
    expect(parse(key, text, true)).toBe(value);
  }
  for (const text of [...notPlainDigits, ...wrong]) {
    expect(parse(key, text, true), JSON.stringify(text)).toBeUndefined();
  }
});
