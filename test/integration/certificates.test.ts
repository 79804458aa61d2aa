import { createServer, type TlsOptions } from 'node:tls';
import { generate } from 'selfsigned';
import { expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { certificateFile } from '../harness/certificate.ts';
import { listen } from '../harness/listen.ts';
import { envFor } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';

const dayMs = 24 * 60 * 60 * 1000;
const night = fixture('night.png').file;

type Options = NonNullable<Parameters<typeof generate>[1]>;

const names = { name: 'subjectAltName' as const, altNames: [{ type: 7 as const, ip: '127.0.0.1' }] };

/** A certificate that is valid for a day, changed by `options`. */
async function make(commonName: string, options: Options = {}) {
  const { private: key, cert } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + dayMs),
    extensions: [{ name: 'basicConstraints', cA: true }, names],
    ...options,
  });
  return { key, cert };
}

/** Uploads one image to a server with that certificate. */
async function uploadTo(tls: TlsOptions, ca: string) {
  const server = createServer(tls, (socket) => socket.end()).on('tlsClientError', () => {});
  const result = await runCli(['upload', night, '--json'], {
    env: { ...envFor(`https://127.0.0.1:${await listen(server)}`), SSL_CERT_FILE: await certificateFile(ca) },
  });
  expect(result.exitCode).toBe(1);
  expect(result.sleeps, result.stderr).toEqual([]);
  const [record] = result.json<{ attempts: number; error: { message: string; hint: string } }[]>();
  expect(record).toMatchObject({
    status: 'failed',
    attempts: 1,
    error: { code: 'network', retryable: false },
  });
  return record!.error;
}

const clock = /clock.*renew the certificate/;
const owner = /owner of that server must replace the certificate/;
const caFile = /NODE_EXTRA_CA_CERTS/;

it.each<[what: string, options: Options, problem: RegExp, advice: RegExp]>([
  [
    'has expired',
    { notBeforeDate: new Date(Date.now() - 3 * dayMs), notAfterDate: new Date(Date.now() - dayMs) },
    /its certificate has expired$/,
    clock,
  ],
  [
    'is not valid yet',
    { notBeforeDate: new Date(Date.now() + dayMs), notAfterDate: new Date(Date.now() + 2 * dayMs) },
    /its certificate is not valid yet$/,
    clock,
  ],
  [
    'is for clients',
    {
      extensions: [{ name: 'basicConstraints', cA: true }, { name: 'extKeyUsage', clientAuth: true }, names],
    },
    /its certificate or its issuer's must not be used for this purpose$/,
    owner,
  ],
  [
    'is for another host',
    {
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'other.example.test' }] },
      ],
    },
    /its certificate is for another host$/,
    /host name/,
  ],
])(
  'an upload to a server whose certificate %s is not retried, and gets the right advice',
  async (_what, options, problem, advice) => {
    const { key, cert } = await make('server', options);
    const error = await uploadTo({ key, cert }, cert);
    expect(error.message).toMatch(problem);
    expect(error.hint).toMatch(advice);
  },
);

it.each<[what: string, issuer: Options, problem: RegExp, advice: RegExp]>([
  [
    'an issuer that is not an authority',
    { extensions: [{ name: 'basicConstraints', cA: false }] },
    /its certificate .*issuer('s must| that is) not/,
    owner,
  ],
  [
    'an authority whose key must not sign certificates',
    {
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'keyUsage', digitalSignature: true },
      ],
    },
    /its certificate .+$/,
    owner,
  ],
  [
    'an authority that has expired',
    {
      extensions: [{ name: 'basicConstraints', cA: true }],
      notBeforeDate: new Date(Date.now() - 3 * dayMs),
      notAfterDate: new Date(Date.now() - dayMs),
    },
    /its certificate has expired$/,
    clock,
  ],
])(
  'an upload to a server whose certificate is from %s is not retried',
  async (_what, issuerOptions, problem, advice) => {
    const issuer = await make('issuer', issuerOptions);
    const { key, cert } = await make('server', { extensions: [names], ca: issuer });
    const error = await uploadTo({ key, cert: `${cert}\n${issuer.cert}` }, issuer.cert);
    expect(error.message).toMatch(problem);
    expect(error.hint).toMatch(advice);
  },
);

it('an upload to a server whose certificate is from an unknown authority is not retried, and the advice is a CA file', async () => {
  const issuer = await make('issuer');
  const { key, cert } = await make('server', { extensions: [names], ca: issuer });
  const error = await uploadTo({ key, cert }, (await make('other')).cert);
  expect(error.message).toMatch(/authority that is not trusted here$/);
  expect(error.hint).toMatch(caFile);
});

const weakServer = { ciphers: 'DEFAULT:@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;

it('an upload to a server whose certificate has a weak key is not retried, and quotes OpenSSL', async () => {
  const { key, cert } = await make('server', { keyType: 'rsa', keySize: 768 });
  const error = await uploadTo({ key, cert, ...weakServer }, cert);
  expect(error.message).toMatch(/its certificate is refused \(.*key too weak.*\)$/);
  expect(error.hint).toMatch(owner);
});

it('an upload to a server whose certificate has a weak signature is not retried, and quotes OpenSSL', async () => {
  const issuer = await make('issuer');
  const { key, cert } = await make('server', { extensions: [names], ca: issuer, algorithm: 'sha1' });
  const error = await uploadTo({ key, cert, ...weakServer }, issuer.cert);
  expect(error.message).toMatch(/its certificate is refused \(.*too weak.*\)$/);
  expect(error.hint).toMatch(owner);
});
