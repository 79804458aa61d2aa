import { expect, test } from 'vitest';
import { isLoopbackAddress, isLoopbackHost } from '../../src/loopback.ts';

test.each([
  ['http://localhost:1', true],
  ['http://LOCALHOST', true],
  ['http://api.localhost', false],
  ['http://localhost.', false],
  ['http://[::ffff:127.0.0.1]', true],
  ['http://[::ffff:127.9.8.7]', true],
  ['http://[::ffff:128.0.0.1]', false],
  ['http://[::ffff:10.127.0.1]', false],
  ['http://[::127.0.0.1]', false],
  ['http://[1::1]', false],
  ['http://127.0.0.1.localhost', false],
  ['http://127.0.0.1', true],
  ['http://127.255.3.4', true],
  ['http://127.255.255.254', true],
  ['http://127.1', true],
  ['http://0x7f.1', true],
  ['http://2130706433', true],
  ['http://[::1]:8080', true],
  ['http://[0:0:0:0:0:0:0:1]', true],
  ['http://localhost.example.com', false],
  ['http://notlocalhost', false],
  ['http://127.0.0.1.example.com', false],
  ['http://128.0.0.1', false],
  ['http://0.0.0.0', false],
  ['http://10.127.0.1', false],
  ['http://[::2]', false],
  ['http://example.com', false],
])('whether %s is a loopback host: %s', (url, expected) => {
  expect(isLoopbackHost(new URL(url).hostname)).toBe(expected);
});

test.each([
  ['127.0.0.1', true],
  ['127.255.0.3', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:192.0.2.1', false],
  ['192.0.2.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['fe80::1', false],
  ['localhost', false],
  ['', false],
])('whether "%s" is a loopback address: %s', (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
});

test('a missing address is not a loopback address', () => {
  expect(isLoopbackAddress(undefined)).toBe(false);
});
