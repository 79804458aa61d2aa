import { expect, test } from 'vitest';
import { findApiUrlFault, isOfficial, normalizeApiUrl } from '../../../src/settings/api-url.ts';

test.each([
  ['https://api.useapi.net/v1/dreamina', 'https://api.useapi.net/v1/dreamina'],
  ['https://api.useapi.net/v1/dreamina/', 'https://api.useapi.net/v1/dreamina'],
  ['https://api.useapi.net/v1/dreamina///', 'https://api.useapi.net/v1/dreamina'],
  ['HTTPS://API.useapi.net:443/v1', 'https://api.useapi.net/v1'],
  ['https://example.com', 'https://example.com'],
  ['https://example.com/', 'https://example.com'],
  ['https://example.com/a/../b', 'https://example.com/b'],
  ['https://example.com/@scope', 'https://example.com/@scope'],
  ['http://127.0.0.1:8080/v1/', 'http://127.0.0.1:8080/v1'],
  ['http://127.0.0.1:80', 'http://127.0.0.1'],
  ['http://localhost:3000', 'http://localhost:3000'],
  ['http://[::1]:3000/x', 'http://[::1]:3000/x'],
  ['http://[::ffff:127.0.0.1]:3000', 'http://[::ffff:7f00:1]:3000'],
])('%s becomes %s', (text, expected) => {
  expect(normalizeApiUrl(text)).toBe(expected);
});

test.each([
  '',
  `https://${'a'.repeat(2000)}.example`,
  `https://example.com/${'a'.repeat(1_000_000)}`,
  '/v1/dreamina',
  'api.useapi.net/v1',
  '//api.useapi.net',
  'https:api.useapi.net',
  'https:///api.useapi.net',
  'https://',
  'https://exa mple.com',
  'https://example.com:99999',
  ' https://example.com',
  'https://example.com\n',
  'https://exa\tmple.com',
  'https:\\\\example.com',
  'https://example.com\\@evil.example',
  'https://münchen.example',
  'https://user:secret@example.com',
  'https://user@example.com',
  'https://@example.com',
  'https://example.com?',
  'https://example.com/?key=secret',
  'https://example.com#',
  'https://example.com/#part',
  'http://example.com',
  'http://localhost.example.com',
  'http://api.localhost:3000',
  'http://127.0.0.1.example.com',
  'http://0.0.0.0',
  'ftp://localhost',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'ftp://localhost/https://example.com',
  'javascript:https://example.com',
])('%j is refused', (text) => {
  expect(normalizeApiUrl(text)).toBeUndefined();
});

const scheme = 'it does not begin with https://';
const unencrypted = 'http:// would send the token unencrypted';

test.each([
  ['see-http://example.com', scheme],
  ['see-https://example.com', scheme],
  ['https:', scheme],
  ['HTTP://example.com', unencrypted],
  ['http://0.0.0.0:80', unencrypted],
])('the fault of %j is: %s', (text, fault) => {
  expect(findApiUrlFault(text)).toBe(fault);
});

test.each([
  'http://',
  'http://[',
  'http://localhost',
  'https://example.com:99999',
  'https://http:',
  'https://example.com/http://example.com',
  'https://example.com/@scope',
  'https://',
])('%j has no particular fault', (text) => {
  expect(findApiUrlFault(text)).toBeUndefined();
});

test.each([
  ['https://api.useapi.net/v1/dreamina', true],
  ['https://api.useapi.net/v2', true],
  ['https://api.useapi.net:8443/v1/dreamina', false],
  ['https://example.com/v1/dreamina', false],
  ['http://127.0.0.1/v1/dreamina', false],
])('%s is on the official server: %s', (apiUrl, isIt) => {
  expect(isOfficial(apiUrl)).toBe(isIt);
});
