import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { loadTrustedAuthorities } from './certificates.ts';
import { resolveProxy } from './proxy.ts';

/** What stands between this machine and the service. */
export interface InspectedRoute {
  /** Undefined for none. */
  readonly proxy: InspectedProxy | undefined;
  /** The files that decide which servers are trusted; none where Node's own authorities do. */
  readonly certificates: readonly InspectedCertificates[];
}

/** The proxy in effect, or why it cannot be used. */
export type InspectedProxy =
  | {
      /** Scheme, host and port, without user and password. */
      readonly address: string;
      readonly hasCredentials: boolean;
    }
  | { readonly problem: ConfigError };

/** A PEM file: SSL_CERT_FILE replaces Node's authorities, NODE_EXTRA_CA_CERTS adds to them. */
interface InspectedCertificates {
  readonly variable: 'SSL_CERT_FILE' | 'NODE_EXTRA_CA_CERTS';
  readonly path: string;
  /** Why no https server can be reached. */
  readonly problem?: ConfigError;
  /** Why the file is of no use, although runs go on without it. */
  readonly warning?: string;
}

/** Looks at the proxy and the certificates that the environment names for an address; http needs no certificates. */
export async function inspectRoute(apiUrl: string, env: Environment): Promise<InspectedRoute> {
  const target = new URL(apiUrl);
  return {
    proxy: inspectProxy(target, env),
    certificates:
      target.protocol === 'https:'
        ? [...(await inspectAuthorities(env)), ...(await inspectExtraAuthorities(env))]
        : [],
  };
}

function inspectProxy(target: URL, env: Environment): InspectedProxy | undefined {
  try {
    const url = resolveProxy(target, env);
    return (
      url && {
        address: `${url.protocol}//${url.host}`,
        hasCredentials: url.username !== '' || url.password !== '',
      }
    );
  } catch (error) {
    return { problem: asConfigError(error) };
  }
}

async function inspectAuthorities(env: Environment): Promise<readonly InspectedCertificates[]> {
  if (!env.SSL_CERT_FILE) {
    return [];
  }
  const file = { variable: 'SSL_CERT_FILE', path: env.SSL_CERT_FILE } as const;
  try {
    const pem = (await loadTrustedAuthorities(env)) ?? '';
    if (hasCertificate(pem)) {
      return [file];
    }
    const problem = `environment variable SSL_CERT_FILE: ${file.path} has no certificate in it`;
    return [{ ...file, problem: new ConfigError(problem) }];
  } catch (error) {
    return [{ ...file, problem: asConfigError(error) }];
  }
}

async function inspectExtraAuthorities(env: Environment): Promise<readonly InspectedCertificates[]> {
  if (!env.NODE_EXTRA_CA_CERTS) {
    return [];
  }
  const file = { variable: 'NODE_EXTRA_CA_CERTS', path: env.NODE_EXTRA_CA_CERTS } as const;
  const fault = await readFile(file.path, 'utf8').then(
    (pem) => (hasCertificate(pem) ? undefined : 'has no certificate in it'),
    (error: NodeJS.ErrnoException) => `cannot be read (${error.code})`,
  );
  return [
    {
      ...file,
      ...(fault !== undefined && {
        warning: `environment variable NODE_EXTRA_CA_CERTS: ${file.path} ${fault}`,
      }),
    },
  ];
}

function hasCertificate(pem: string): boolean {
  return /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(pem);
}

function asConfigError(error: unknown): ConfigError {
  if (error instanceof ConfigError) {
    return error;
  }
  throw error;
}
