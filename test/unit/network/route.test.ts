import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { loadRoute, requireRoute } from '../../../src/network/route.ts';
import { certificateFile, selfSigned } from '../../harness/certificate.ts';

const api = 'https://api.useapi.net/v1/dreamina';

test('without variables, requests are sent directly and trust the authorities of Node', async () => {
  const route = await loadRoute(api, {});
  expect(route).toEqual({ proxy: undefined, ca: undefined, certificates: [], problems: [] });
  expect(requireRoute(route)).toEqual({ proxyUrl: undefined, ca: undefined });
});

test('the proxy and the certificates of the environment are used', async () => {
  const path = await certificateFile();
  const route = await loadRoute(api, { HTTPS_PROXY: 'proxy.example:3128', SSL_CERT_FILE: path });
  expect(requireRoute(route)).toEqual({
    proxyUrl: new URL('http://proxy.example:3128'),
    ca: `${selfSigned.cert}\n`,
  });
  expect(route.certificates).toEqual([{ variable: 'SSL_CERT_FILE', path }]);
});

test('http uses no certificates, and loopback uses no proxy', async () => {
  const env = { HTTP_PROXY: '::', HTTPS_PROXY: '::', SSL_CERT_FILE: '/none', NODE_EXTRA_CA_CERTS: '/none' };
  const route = await loadRoute('http://127.0.0.1:8080', env);
  expect(route).toEqual({ proxy: undefined, ca: undefined, certificates: [], problems: [] });
});

test('all problems are kept, and requireRoute throws the first', async () => {
  const route = await loadRoute(api, { HTTPS_PROXY: '::', SSL_CERT_FILE: '/none' });
  expect(route.problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('environment variable HTTPS_PROXY: the proxy must be'),
    'environment variable SSL_CERT_FILE: /none cannot be read: no such file or directory',
  ]);
  expect(route.proxy).toEqual({ problem: route.problems[0] });
  expect(() => requireRoute(route)).toThrow(route.problems[0]);
  const missing = await loadRoute(api, { SSL_CERT_FILE: '/none' });
  expect(() => requireRoute(missing)).toThrow(ConfigError);
});

test('a warning about certificates is not a problem', async () => {
  const route = await loadRoute(api, { NODE_EXTRA_CA_CERTS: '/none' });
  expect(route.certificates[0]!.warning).toContain('cannot be read');
  expect(requireRoute(route)).toEqual({ proxyUrl: undefined, ca: undefined });
});
