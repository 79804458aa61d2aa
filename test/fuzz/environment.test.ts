import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { resolveProxy } from '../../src/network/proxy.ts';
import { fixture } from '../fixtures.ts';
import { byteServer } from '../harness/byte-server.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { answerBytes, uploadBody } from './answer-bytes.ts';
import { casesOf } from './cases.ts';
import { fewOf, hostileText, proxyPassword, token } from './hostile-text.ts';
import { expectNoSecret, runAndExpect } from './promises.ts';

const night = fixture('night.png').file;

/** The system does not allow NUL in a variable. */
const variable = hostileText.map((text) => text.replaceAll('\0', ''));

const proxyHost = fc.oneof(
  fc.constantFrom(
    '127.0.0.1:9',
    'proxy.example',
    '[::1]:9',
    '[fe80::1%25eth0]:9',
    'x:99999',
    ':9',
    '',
    '[',
    'a b',
  ),
  variable,
);

/** Addresses of a proxy with the password where it belongs, or not quite. */
const proxyAddress = fc
  .tuple(
    fc.constantFrom('http://', 'https://', 'socks5://', '', 'http:', '://', 'HTTP://', ' http://'),
    fc.constantFrom(
      `user:${proxyPassword}@`,
      `user:${proxyPassword}%@`,
      `:${proxyPassword}@`,
      `${proxyPassword}@`,
      `user:${proxyPassword}@x@`,
      `us%0d%0aer:${proxyPassword}@`,
      '',
    ),
    proxyHost,
    fc.constantFrom('', '/', '/path', '?x', '#x'),
  )
  .map((parts) => parts.join(''));

const noProxy = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '*',
        '.example.com',
        '*.example.com',
        '10.0.0.0/8',
        '10.0.0.0/99',
        '10.0.0.1/',
        '::1/128',
        '::/0',
        'fe80::1%eth0',
        'fe80::1%eth0/64',
        '::ffff:10.0.0.1',
        '[2001:db8::1]:443',
        '/8',
        ':443',
        'example.com:x',
      ),
      variable,
    ),
    { maxLength: 5 },
  )
  .chain((entries) => fc.constantFrom(',', ' ', ', ', ',,').map((separator) => entries.join(separator)));

const proxyVariables = fc.record(
  {
    HTTPS_PROXY: proxyAddress,
    https_proxy: proxyAddress,
    HTTP_PROXY: proxyAddress,
    http_proxy: proxyAddress,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
  },
  { requiredKeys: [] },
);

const address = fc.constantFrom(
  'https://api.useapi.net/v1/dreamina',
  'https://10.0.0.1',
  'https://[2001:db8::1]:8443',
  'https://example.com.:443',
  'http://127.0.0.1:9',
);

test('proxy variables give a proxy, no proxy, or a ConfigError without its password', () => {
  fc.assert(
    fc.property(address, proxyVariables, (apiUrl, env) => {
      try {
        const proxy = resolveProxy(new URL(apiUrl), env);
        expect(proxy === undefined || ['http:', 'https:'].includes(proxy.protocol)).toBe(true);
      } catch (error) {
        if (!(error instanceof ConfigError)) {
          throw error;
        }
        expectNoSecret(`${error.message} ${error.hint}`);
      }
    }),
    casesOf('proxy variables'),
  );
});

test('a run keeps its promises, whatever the environment contains', async () => {
  const homeDir = await tempDir();
  await writeFile(join(homeDir, 'config.json'), '{"retries": 1}');
  await writeFile(join(homeDir, 'no.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const number = fc.oneof(fc.constantFrom('4', '0', '-1', '1e3', ' 4', '٣', token), variable);
  const variables = {
    DREAMINA_TOKEN: fc.oneof(
      fc.constantFrom(token, `Bearer ${token}`, `${token}\r\n`, ` ${token}`),
      variable,
    ),
    USEAPI_TOKEN: fc.oneof(fc.constant(token), variable),
    DREAMINA_ACCOUNT: fc.oneof(fc.constantFrom('US:name@example.com', token), variable),
    DREAMINA_API_URL: fc.oneof(address, fc.constant(`https://${token}@x`), variable),
    DREAMINA_CONCURRENCY: number,
    DREAMINA_RETRIES: number,
    DREAMINA_TIMEOUT: number,
    DREAMINA_CONFIG: fc.oneof(fc.constantFrom('config.json', 'absent.json', '.', 'no.pem'), variable),
    XDG_CONFIG_HOME: variable,
    SSL_CERT_FILE: fc.oneof(fc.constantFrom(join(homeDir, 'no.pem'), 'absent', '.'), variable),
    NODE_EXTRA_CA_CERTS: fc.oneof(fc.constantFrom(join(homeDir, 'no.pem'), 'absent', '.'), variable),
    PATH: variable,
    GITHUB_ACTIONS: fc.constantFrom('true', 'false', ''),
    GITHUB_STEP_SUMMARY: fc.constantFrom(join(homeDir, 'summary'), homeDir, ''),
    FORCE_COLOR: fc.constantFrom('1', '0', 'true', 'x'),
    NO_COLOR: fc.constantFrom('1', ''),
    CI: fc.constantFrom('true', ''),
    TERM: fc.oneof(fc.constantFrom('dumb', 'xterm'), variable),
  };
  const setting = fewOf(variables, 4);
  // Each of them sends requests only to its own stand-in.
  const runs = [
    { argv: ['config'], exitCodes: [0, 4], form: 'text' },
    { argv: ['config', '--json'], exitCodes: [0, 4], form: 'json' },
    { argv: ['upload', '--dry-run', '--json', night, 'config.json'], exitCodes: [3, 4], form: 'json' },
    { argv: ['upload', '--sandbox', night, '-v'], exitCodes: [0, 4], form: 'text' },
    { argv: ['complete', 'fish', '--', 'upload', '-a', ''], exitCodes: [0], form: 'text' },
  ] as const;
  await fc.assert(
    fc.asyncProperty(
      setting,
      fc.oneof(fc.constant({}), proxyVariables),
      fc.constantFrom(...runs),
      async (some, proxies, run) => {
        const env = { ...some, ...proxies };
        await runAndExpect(run.argv, { homeDir, env, scriptPath: join(homeDir, 'dreamina') }, run);
      },
    ),
    casesOf('environment'),
  );
});

test('an upload keeps its promises, whatever a proxy answers', async () => {
  const server = await byteServer();
  const homeDir = await tempDir();
  const established = fc
    .tuple(
      fc.constantFrom('HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.0 200 x\r\nx: y\r\n\r\n'),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([head, bytes]) => Buffer.concat([Buffer.from(head), bytes]));
  const argv = ['upload', night, '--json', '--retries', '1', '-v'];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 3, arbitrary: answerBytes(uploadBody) }, { weight: 1, arbitrary: established }),
      fc.constantFrom('http', 'http', 'http', 'https'),
      fc.constantFrom(`user:${proxyPassword}@`, `${proxyPassword}@`, ''),
      async (bytes, scheme, credentials) => {
        server.answer = bytes;
        const env = {
          // Only the proxy gets the name.
          DREAMINA_API_URL: 'https://api.example/v1',
          HTTPS_PROXY: `${scheme}://${credentials}127.0.0.1:${server.port}`,
          DREAMINA_TOKEN: token,
          DREAMINA_ACCOUNT: 'US:name@example.com',
        };
        await runAndExpect(argv, { env, homeDir }, { exitCodes: [1], form: 'json' });
      },
    ),
    casesOf('answer of a proxy'),
  );
});
