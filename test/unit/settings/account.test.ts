import { expect, test } from 'vitest';
import { isAccount } from '../../../src/settings/account.ts';

test.each([
  'US:name@example.com',
  'CA:name@example.com',
  'USA:first.last+tag@mail.example.co.uk',
  "US:o'neil_{x}@example.com",
])('%s', (account) => {
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
  'US:näme@example.com',
  'US:name@exämple.com',
])('%j is refused', (account) => {
  expect(isAccount(account)).toBe(false);
});
