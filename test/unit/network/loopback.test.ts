import { expect, test } from 'vitest';
import { isLoopbackHost } from '../../../src/network/loopback.ts';

test.each([
  ['http://localhost:1', true],
  ['http://LOCALHOST', true],
  ['http://api.localhost', true],
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
])('%s: %s', (url, expected) => {
  expect(isLoopbackHost(new URL(url).hostname)).toBe(expected);
});
