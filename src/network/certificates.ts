import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import type { Environment } from '../host.ts';

/**
 * The PEM certificates of the authorities to trust instead of Node's own, where SSL_CERT_FILE names some (Node itself
 * does not read it). NODE_EXTRA_CA_CERTS adds to them, as it adds to Node's own.
 *
 * @throws ConfigError where SSL_CERT_FILE cannot be read
 */
export async function loadTrustedAuthorities(env: Environment): Promise<string | undefined> {
  if (!env.SSL_CERT_FILE) {
    return undefined;
  }
  const authorities = await readFile(env.SSL_CERT_FILE, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(
      `environment variable SSL_CERT_FILE: ${env.SSL_CERT_FILE} cannot be read (${cause.code})`,
      { cause },
    );
  });
  // Node has warned already where this one is missing.
  const extra = env.NODE_EXTRA_CA_CERTS
    ? await readFile(env.NODE_EXTRA_CA_CERTS, 'utf8').catch(() => '')
    : '';
  return `${authorities}\n${extra}`;
}
