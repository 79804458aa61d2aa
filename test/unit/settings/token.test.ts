import { expect, test } from 'vitest';
import { isToken, isUsualToken } from '../../../src/settings/token.ts';

test.each([
  ['user:1234-aB9', true, true],
  ['user:1-a', true, true],
  ['user:1234-', true, false],
  ['user:x-abc', true, false],
  ['user:1234-abc_def', true, false],
  ['key_of_another_kind', true, false],
  ['!~', true, false],
  ['', false, false],
  [' user:1-a', false, false],
  ['user:1-a ', false, false],
  ['user:1-a\n', false, false],
  ['user:1-a\r\nX-Evil: 1', false, false],
  ['Bearer user:1-a', false, false],
  ['user:1-a\t', false, false],
  ['user:1-a\u0000', false, false],
  ['user:1-a\u007f', false, false],
  ['user:1-ä', false, false],
  ['user:1-\u200b', false, false],
])('%j: acceptable %s, usual %s', (token, acceptable, usual) => {
  expect(isToken(token)).toBe(acceptable);
  expect(isUsualToken(token)).toBe(usual);
});
