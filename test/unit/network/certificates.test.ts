import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { loadTrustedAuthorities } from '../../../src/network/certificates.ts';
import { tempDir } from '../../harness/temp-dir.ts';

test('SSL_CERT_FILE replaces the authorities of Node, NODE_EXTRA_CA_CERTS adds to it', async () => {
  const folder = await tempDir();
  const [own, extra] = [join(folder, 'own.pem'), join(folder, 'extra.pem')];
  await writeFile(own, 'own');
  await writeFile(extra, 'extra');
  const load = (SSL_CERT_FILE?: string, NODE_EXTRA_CA_CERTS?: string) =>
    loadTrustedAuthorities({ SSL_CERT_FILE, NODE_EXTRA_CA_CERTS });

  expect(await load()).toBeUndefined();
  expect(await load('', extra)).toBeUndefined();
  expect(await load(undefined, extra)).toBeUndefined();
  expect(await load(own)).toBe('own\n');
  expect(await load(own, '')).toBe('own\n');
  expect(await load(own, extra)).toBe('own\nextra');
  expect(await load(own, join(folder, 'none.pem'))).toBe('own\n');
});

test('a file of SSL_CERT_FILE that cannot be read is an error that names both', async () => {
  const path = join(await tempDir(), 'none.pem');
  const error = await loadTrustedAuthorities({ SSL_CERT_FILE: path }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).message).toBe(
    `environment variable SSL_CERT_FILE: ${path} cannot be read (ENOENT)`,
  );
});
