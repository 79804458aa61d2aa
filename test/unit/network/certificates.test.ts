import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCertificates } from '../../../src/network/certificates.ts';
import { selfSigned } from '../../harness/certificate.ts';
import { tempDir } from '../../harness/temp-dir.ts';

const pem = selfSigned.cert;

/** Paths of files with these contents; `none` does not exist. */
async function filesWith(contents: Readonly<Record<string, string>>) {
  const folder = await tempDir();
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(folder, name), content);
  }
  return (name: string) => join(folder, name);
}

test('SSL_CERT_FILE replaces the authorities of Node, NODE_EXTRA_CA_CERTS adds to it', async () => {
  const pathOf = await filesWith({ own: `own ${pem}`, extra: `extra ${pem}` });
  const load = async (own?: string, extra?: string) => {
    const { ca, files } = await loadCertificates({ SSL_CERT_FILE: own, NODE_EXTRA_CA_CERTS: extra });
    return { ca, files: files.map(({ variable, path }) => [variable, path]) };
  };
  const own = pathOf('own');
  const extra = pathOf('extra');

  expect(await load()).toEqual({ ca: undefined, files: [] });
  expect(await load('', '')).toEqual({ ca: undefined, files: [] });
  expect(await load('', extra)).toEqual({ ca: undefined, files: [['NODE_EXTRA_CA_CERTS', extra]] });
  expect(await load(own)).toEqual({ ca: `own ${pem}\n`, files: [['SSL_CERT_FILE', own]] });
  expect(await load(own, extra)).toEqual({
    ca: `own ${pem}\nextra ${pem}`,
    files: [
      ['SSL_CERT_FILE', own],
      ['NODE_EXTRA_CA_CERTS', extra],
    ],
  });
  expect((await load(own, pathOf('none'))).ca).toBe(`own ${pem}\n`);
});

describe.each([
  ['none', 'cannot be read: no such file or directory'],
  ['blank', 'contains no certificate'],
  ['text', 'contains no certificate'],
])('a bad file (%s)', (name, fault) => {
  test('is an error in SSL_CERT_FILE', async () => {
    const path = (await filesWith({ blank: '', text: 'CERTIFICATE' }))(name);
    const { files } = await loadCertificates({ SSL_CERT_FILE: path });
    const message = `environment variable SSL_CERT_FILE: ${path} ${fault}`;
    expect(files).toEqual([
      { variable: 'SSL_CERT_FILE', path, problem: expect.objectContaining({ name: 'ConfigError', message }) },
    ]);
  });

  test('is a warning in NODE_EXTRA_CA_CERTS', async () => {
    const path = (await filesWith({ blank: '', text: 'CERTIFICATE' }))(name);
    const { files } = await loadCertificates({ NODE_EXTRA_CA_CERTS: path });
    const warning = `environment variable NODE_EXTRA_CA_CERTS: ${path} ${fault}`;
    expect(files).toEqual([{ variable: 'NODE_EXTRA_CA_CERTS', path, warning }]);
  });
});

test('a blank SSL_CERT_FILE is not an error if NODE_EXTRA_CA_CERTS has a certificate', async () => {
  const pathOf = await filesWith({ blank: '', extra: pem });
  const { files } = await loadCertificates({
    SSL_CERT_FILE: pathOf('blank'),
    NODE_EXTRA_CA_CERTS: pathOf('extra'),
  });
  expect(files).toEqual([
    { variable: 'SSL_CERT_FILE', path: pathOf('blank') },
    { variable: 'NODE_EXTRA_CA_CERTS', path: pathOf('extra') },
  ]);
});
