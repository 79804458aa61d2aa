import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { resolveProxy } from '../../../src/network/proxy.ts';

const api = 'https://api.useapi.net/v1/dreamina';
const proxy = 'http://proxy.example:3128';

describe('the proxy variable', () => {
  it.each([
    ['no variable', {}, undefined],
    ['an empty variable', { HTTPS_PROXY: '' }, undefined],
    ['HTTPS_PROXY', { HTTPS_PROXY: proxy }, `${proxy}/`],
    ['https_proxy', { https_proxy: proxy }, `${proxy}/`],
    ['lower case before upper case', { https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2' }, 'http://a:1/'],
    ['upper case if lower case is empty', { https_proxy: '', HTTPS_PROXY: 'http://b:2' }, 'http://b:2/'],
    [
      'https before http, in any case',
      { http_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2' },
      'http://b:2/',
    ],
    ['HTTP_PROXY if there is no variable for https', { HTTP_PROXY: 'http://b:2' }, 'http://b:2/'],
    ['http_proxy before HTTP_PROXY', { http_proxy: 'http://a:1', HTTP_PROXY: 'http://b:2' }, 'http://a:1/'],
    ['ALL_PROXY, which does not count', { ALL_PROXY: proxy, all_proxy: proxy }, undefined],
    ['NO_PROXY in mixed case, which does not count', { HTTPS_PROXY: proxy, No_Proxy: '*' }, `${proxy}/`],
    ['an https proxy', { HTTPS_PROXY: 'https://secure.example' }, 'https://secure.example/'],
    ['without a scheme', { HTTPS_PROXY: 'proxy.example:3128' }, `${proxy}/`],
    ['without a scheme, an address', { HTTPS_PROXY: '10.0.0.1:3128' }, 'http://10.0.0.1:3128/'],
    ['without a scheme, IPv6', { HTTPS_PROXY: '[fd00::1]:3128' }, 'http://[fd00::1]:3128/'],
    [
      'without a scheme, with a user',
      { HTTPS_PROXY: 'me:pw@proxy.example:1' },
      'http://me:pw@proxy.example:1/',
    ],
    ['with a user', { HTTPS_PROXY: 'http://me:p%40w@proxy.example:1' }, 'http://me:p%40w@proxy.example:1/'],
  ])('%s', (_what, env, expected) => {
    expect(resolveProxy(new URL(api), env)?.href).toBe(expected);
  });

  it.each([
    'http://localhost:8080',
    'https://localhost',
    'http://127.0.0.1:1',
    'https://127.8.8.8',
    'http://[::1]:8080',
  ])('does not apply to %s', (url) => {
    expect(resolveProxy(new URL(url), { HTTPS_PROXY: proxy, HTTP_PROXY: proxy })).toBeUndefined();
    // Not even if it is wrong.
    expect(resolveProxy(new URL(url), { HTTPS_PROXY: '::', HTTP_PROXY: '::' })).toBeUndefined();
  });
});

describe('an address that cannot be used', () => {
  it.each([
    'socks5://me:hunter2@proxy.example:1080',
    'ftp://me:hunter2@proxy.example',
    'http://',
    'http://me:hunter2@',
    'http://me:hunter2@proxy.example:99999',
    'http://me:hunter2@proxy.example:port',
    'me:hunter2@proxy.example:port',
    'http://[::1',
    'hunter2 hunter2',
    '://proxy',
    // A password with invalid percent-encoding cannot be sent.
    'http://me:hunter2%zz@proxy.example:3128',
    'http://me%zz:hunter2@proxy.example:3128',
  ])('%s names its variable and shows no password', (address) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
      const resolve = () => resolveProxy(new URL(api), { [name]: address });
      expect(resolve).toThrow(ConfigError);
      expect(resolve).toThrow(new RegExp(`^environment variable ${name}: the proxy must be `));
      expect(resolve).not.toThrow(/hunter2/);
    }
  });

  it('is ignored if NO_PROXY exempts the host', () => {
    expect(resolveProxy(new URL(api), { HTTPS_PROXY: '::', NO_PROXY: 'useapi.net' })).toBeUndefined();
  });
});

describe('NO_PROXY', () => {
  it.each([
    ['*', api, true],
    ['api.useapi.net', api, true],
    ['API.UseAPI.net', api, true],
    ['useapi.net', api, true],
    ['.useapi.net', api, true],
    ['*.useapi.net', api, true],
    ['net', api, true],
    ['a.example, useapi.net', api, true],
    ['a.example useapi.net', api, true],
    [' ,, useapi.net ,', api, true],
    ['useapi.net.', api, true],
    ['useapi.net', 'https://api.useapi.net./v1', true],
    ['useapi.net:443', api, true],
    ['useapi.net:8443', 'https://api.useapi.net:8443', true],
    ['api.useapi.net:8443', api, false],
    ['useapi.net:80', api, false],
    ['useapi.net:80', 'https://api.useapi.net:80', true],
    ['useapi.net:443', 'https://api.useapi.net:80', false],
    ['useapi[.net', api, false],
    ['api.useapi.net.evil.example', api, false],
    ['seapi.net', api, false],
    ['other.useapi.net', api, false],
    ['pi.useapi.net', api, false],
    ['', api, false],
    ['.', api, false],
    [',', api, false],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['10.1.2.3:443', 'https://10.1.2.3', true],
    ['10.1.2.3:80', 'https://10.1.2.3', false],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.1.2.3/32', 'https://10.1.2.3', true],
    ['0.0.0.0/0', 'https://10.1.2.3', true],
    ['10.1.2.0/24,192.168.0.0/16', 'https://192.168.9.9', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/33', 'https://10.0.0.0', false],
    ['10.0.0.0/', 'https://10.0.0.0', false],
    ['10.0.0.0/x', 'https://10.0.0.0', false],
    ['10.0.0.0/8x', 'https://10.0.0.0', false],
    ['10.0.0.0/x8', 'https://10.0.0.0', false],
    ['10.0.0.0/8', 'https://10.example', false],
    ['10.0.0.0/8', api, false],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['[fd12::1]', 'https://[fd12::1]', true],
    ['fd12::1', 'https://[fd12::1]', true],
    ['FD12:0:0:0:0:0:0:1', 'https://[fd12::1]', true],
    ['[fd12::1]:443', 'https://[fd12::1]', true],
    ['[fd12::1]:80', 'https://[fd12::1]', false],
    ['fd12::2', 'https://[fd12::1]', false],
    ['fd00::/8', 'https://[fe80::1]', false],
    ['fd00::/129', 'https://[fd12::1]', false],
    ['fd00::/8', 'https://10.1.2.3', false],
  ])('%j exempts %s: %s', (noProxy, url, isExempt) => {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const resolved = resolveProxy(new URL(url), { HTTP_PROXY: proxy, [name]: noProxy });
      expect(resolved?.href).toBe(isExempt ? undefined : `${proxy}/`);
    }
  });

  it('in lower case takes precedence', () => {
    const env = { HTTPS_PROXY: proxy, no_proxy: 'other.example', NO_PROXY: '*' };
    expect(resolveProxy(new URL(api), env)?.href).toBe(`${proxy}/`);
  });
});
