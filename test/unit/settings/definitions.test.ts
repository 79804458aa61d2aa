import * as v from 'valibot';
import { expect, test } from 'vitest';
import { definitions, keys } from '../../../src/settings/definitions.ts';

test('the keys, in the order in which they are shown', () => {
  expect(keys).toEqual(['token', 'account', 'apiUrl', 'concurrency', 'retries', 'timeout']);
});

test('every default is an allowed value, in its complete form', () => {
  for (const definition of Object.values(definitions)) {
    if ('default' in definition)
      expect(v.parse(definition.schema, definition.default)).toBe(definition.default);
  }
});

test.each([
  ['concurrency', [1, 4, 64], [0, 65, -1, 1.5, Number.NaN, Infinity, '4', true, [4]]],
  ['retries', [0, 5, 20], [-1, 21, 0.5, Number.NaN, '5', false]],
  ['timeout', [0.001, 0.5, 120, 86_400], [0, -1, 86_400.1, Number.NaN, Infinity, '120']],
  ['token', ['user:1-a'], [1234, true, ['user:1-a'], '']],
  ['account', ['US:name@example.com'], [1, {}, 'name@example.com']],
  ['apiUrl', ['https://example.com'], [1, 'example.com']],
] as const)('%s in a file', (key, right, wrong) => {
  for (const value of right) expect(v.parse(definitions[key].schema, value)).toBe(value);
  for (const value of wrong) expect(v.is(definitions[key].schema, value), String(value)).toBe(false);
});

const NOT_PLAIN_DIGITS = [
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

test.each([
  ['concurrency', { 1: 1, 64: 64, '08': 8 }, ['0', '65', '1.5', '4.', '99999999999999999999']],
  ['retries', { 0: 0, 20: 20 }, ['21', '0.5']],
  [
    'timeout',
    { 1: 1, '0.5': 0.5, 86400: 86_400, '86400.0': 86_400 },
    ['0', '0.0', '86401', '.5', '5.', '1.2.3', 'Infinity', 'NaN'],
  ],
] as const)('%s in a flag or a variable', (key, right, wrong) => {
  for (const [text, value] of Object.entries(right)) {
    expect(v.parse(definitions[key].textSchema, text)).toBe(value);
  }
  for (const text of [...NOT_PLAIN_DIGITS, ...wrong]) {
    expect(v.is(definitions[key].textSchema, text), JSON.stringify(text)).toBe(false);
  }
});
