import { readFile } from 'node:fs/promises';
import { describeErrno } from '../errno.ts';
import { ConfigError } from '../errors.ts';
import type { Environment } from '../host.ts';

/** A PEM file that the environment names: SSL_CERT_FILE replaces Node's authorities, NODE_EXTRA_CA_CERTS adds to them. */
export interface CertificateFile {
  readonly variable: 'SSL_CERT_FILE' | 'NODE_EXTRA_CA_CERTS';
  readonly path: string;
  /** Why no https server can be reached. */
  readonly problem?: ConfigError;
  /** Why the file has no effect; requests work without it. */
  readonly warning?: string;
}

/** The authorities that are trusted for https. */
export interface Certificates {
  /** PEM certificates to trust instead of Node's own; undefined to trust Node's own. */
  readonly ca: string | undefined;
  /** Empty if Node's own authorities are trusted. */
  readonly files: readonly CertificateFile[];
}

/** Reads the certificate files that the environment names. Node itself reads NODE_EXTRA_CA_CERTS only. */
export async function loadCertificates(env: Environment): Promise<Certificates> {
  const own = await loadPem('SSL_CERT_FILE', env);
  const extra = await loadPem('NODE_EXTRA_CA_CERTS', env);
  const ca = own && `${own.pem}\n${extra?.pem ?? ''}`;
  const files: CertificateFile[] = [];
  if (own !== undefined) {
    const isUsable = own.error === undefined && hasCertificate(ca!);
    files.push({
      ...own.file,
      ...(!isUsable && { problem: new ConfigError(describeFault(own), own.error) }),
    });
  }
  if (extra !== undefined) {
    const isUsable = hasCertificate(extra.pem);
    files.push({ ...extra.file, ...(!isUsable && { warning: describeFault(extra) }) });
  }
  return { ca, files };
}

/** The contents of a file; `pem` is empty if there is an error. */
interface LoadedPem {
  readonly file: Pick<CertificateFile, 'variable' | 'path'>;
  readonly pem: string;
  readonly error?: { readonly cause: NodeJS.ErrnoException };
}

async function loadPem(
  variable: CertificateFile['variable'],
  env: Environment,
): Promise<LoadedPem | undefined> {
  const path = env[variable];
  if (!path) {
    return undefined;
  }
  const file = { variable, path };
  return readFile(path, 'utf8').then(
    (pem) => ({ file, pem }),
    (cause: NodeJS.ErrnoException) => ({ file, pem: '', error: { cause } }),
  );
}

function describeFault({ file: { variable, path }, error }: LoadedPem): string {
  const fault =
    error === undefined ? 'contains no certificate' : `cannot be read: ${describeErrno(error.cause)}`;
  return `environment variable ${variable}: ${path} ${fault}`;
}

/** Whether a text holds a certificate in PEM. */
export function hasCertificate(pem: string): boolean {
  return /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(pem);
}
