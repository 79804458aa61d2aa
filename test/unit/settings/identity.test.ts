import { expect, test } from 'vitest';
import { isAccount, isToken, isUsualToken, maskToken } from '../../../src/settings/identity.ts';

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
])('%j: a token %s, of the documented form %s', (token, isOne, isUsual) => {
  expect(isToken(token)).toBe(isOne);
  expect(isUsualToken(token)).toBe(isUsual);
});

test.each([
  ['user:1234-aB9', 'user:****'],
  ['user:1234-abc_def', '****'],
  ['key_of_another_kind', '****'],
])('the token %s is shown as %s', (token, shown) => {
  expect(maskToken(token)).toBe(shown);
});

test.each([
  'US:name@example.com',
  'CA:name@example.com',
  'USA:first.last+tag@mail.example.co.uk',
  "US:o'neil_{x}@example.com",
])('%s is an account', (account) => {
  expect(isAccount(account)).toBe(true);
});

test.each([
  '',
  '.',
  '..',
  '../accounts',
  'name@example.com',
  'US',
  'US:',
  'US:name',
  'US:@example.com',
  'US:name@',
  'US:..@..',
  'US:..@example.com',
  'U:name@example.com',
  'us:name@example.com',
  'Us:name@example.com',
  'U1:name@example.com',
  ' US:name@example.com',
  'US:name@example.com ',
  'US:name@example.com\n',
  'US:na me@example.com',
  'US:na\tme@example.com',
  'US:na\u0000me@example.com',
  'US:na\u007fme@example.com',
  'US:na@me@example.com',
  'US:a/b@example.com',
  'US:a@example.com/b',
  'US:a\\b@example.com',
  'US:a%2fb@example.com',
  'US:a@example.com%2e',
  `US:${'a'.repeat(300)}@example.com`,
  'US:näme@example.com',
  'US:name@exämple.com',
])('%j is not an account', (account) => {
  expect(isAccount(account)).toBe(false);
});
