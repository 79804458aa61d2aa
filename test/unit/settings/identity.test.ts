import { expect, test } from 'vitest';
import {
  findAccountFault,
  findTokenFault,
  isAccount,
  isToken,
  isUsualToken,
  maskToken,
} from '../../../src/settings/identity.ts';

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
])('%j is a token: %s, of the documented form: %s', (token, isOne, isUsual) => {
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

const bearer = "it begins with 'Bearer'; give the token alone";
const variable = 'it begins with the name of a variable; give the token alone';
const masked = 'it is masked, as logs show a token; copy the token itself';
const placeholder = 'it is a variable or a placeholder that was not replaced by its value';

test.each([
  ['Bearer:user:1-a', bearer],
  ['authorization:bearer user:1-a', bearer],
  ['Authorization:  Bearer user:1-a', bearer],
  ['Authorization : Bearer user:1-a', bearer],
  ['`bearer user:1-a`', bearer],
  ['token=user:1-a', variable],
  ['TOKEN =user:1-a', variable],
  ['DREAMINA_TOKEN  = user:1-a', variable],
  ["'USEAPI_TOKEN=user:1-a'", variable],
  ['export  DREAMINA_TOKEN=user:1-a', variable],
  ['set DREAMINA_TOKEN=user:1-a', variable],
  ['SET  DREAMINA_TOKEN=user:1-a', variable],
  ['export\tTOKEN=user:1-a', variable],
  ['user:1-•', 'there is a character in it that is not printable ASCII'],
  ['USER%3a1-a', 'it is percent-encoded; use a plain : instead of %3A'],
  ['user:1-a***', masked],
  ['•••', masked],
  ['user:●●●', masked],
  ['%TOKEN%', placeholder],
  ['<>', placeholder],
  ['<token>', placeholder],
  ['<api-token>', placeholder],
  ['user:<your token>', placeholder],
  ['a{{b', placeholder],
])('the fault of the token %j is: %s', (token, fault) => {
  expect(findTokenFault(token)).toBe(fault);
});

test.each([
  'bearers',
  'mybearer:x',
  'authorization:x',
  'tokens=1',
  'my.token=1',
  'settoken=1',
  '-token=1',
  'token',
  'my-user%3a',
  '%T"OKEN%',
  'a**b**',
  'a%b%',
  '%a%b',
  '%a.b%',
  'a<b-c>',
  'a<1',
  '<a-b>c',
  'a"b',
  "it's",
  'a$b',
])('%s is a token, but not a usual one', (token) => {
  expect(findTokenFault(token)).toBeUndefined();
});

const file = 'it looks like a file, and an account is expected';
const noAddress = 'there is no email address in it';
const region = 'the region must be two or more capital letters';
const notAnAddress = 'what follows the region is not an email address';
const noRegion = 'the region before the email address is missing';
/** An account of that many characters. */
const accountOf = (length: number) => `US:${'a'.repeat(length - 15)}@example.com`;

test('an account has at most 300 characters', () => {
  expect(findAccountFault(accountOf(300))).toBeUndefined();
  expect(findAccountFault(accountOf(301))).toBe('it is longer than 300 characters');
  expect(findAccountFault('x'.repeat(301))).toBe('it is longer than 300 characters');
});

test.each([
  ['user:1234-abc', 'it looks like a token'],
  ['US%3aname@example.com', 'it is percent-encoded; use plain : and @ instead of %3A and %40'],
  ['US:na%me@example.com', notAnAddress],
  ['US:na%fme@example.com', notAnAddress],
  ['folder\\a', file],
  ['a.jpeg', file],
  ['a.x', noAddress],
  ['a.video', noAddress],
  ['a.png-', noAddress],
  ['US:a.png', noAddress],
  ['us:a.png', noAddress],
  ['https://example.com/a', noAddress],
  ['my-xy:/a', file],
  ['@example.com', noRegion],
  ['name@example.com:US', noRegion],
  ['name@US:x', noRegion],
  ['US-EAST:name@example.com', region],
  ['xUS:name@example.com', region],
  ['USx:name@example.com', region],
  ['US:name@', notAnAddress],
  ['US:a..b@example.com', notAnAddress],
])('the fault of the account %s is: %s', (account, fault) => {
  expect(findAccountFault(account)).toBe(fault);
});
