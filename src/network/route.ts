import { ConfigError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { type CertificateFile, loadCertificates } from './certificates.ts';
import { resolveProxy } from './proxy.ts';

/** The network route to the service, with its problems. */
export interface LoadedRoute {
  /** The proxy to tunnel through, or why its address cannot be used; undefined for none. */
  readonly proxy: URL | { readonly problem: ConfigError } | undefined;
  /** PEM certificates of the authorities to trust instead of Node's own. */
  readonly ca: string | undefined;
  /** The files that the certificates come from; empty for Node's own. */
  readonly certificates: readonly CertificateFile[];
  /** Of the proxy, then of the certificates. */
  readonly problems: readonly ConfigError[];
}

/** A route without problems. */
export interface RequiredRoute {
  readonly proxyUrl: URL | undefined;
  readonly ca: string | undefined;
}

/** Finds the proxy and the certificates that the environment names for an address; http needs no certificates. */
export async function loadRoute(apiUrl: string, env: Environment): Promise<LoadedRoute> {
  const target = new URL(apiUrl);
  const proxy = findProxy(target, env);
  const { ca, files } =
    target.protocol === 'https:' ? await loadCertificates(env) : { ca: undefined, files: [] };
  const proxyProblems = proxy === undefined || proxy instanceof URL ? [] : [proxy.problem];
  return {
    proxy,
    ca,
    certificates: files,
    problems: [...proxyProblems, ...files.flatMap(({ problem }) => problem ?? [])],
  };
}

/** The route of a run that needs a valid one; throws the first problem, a ConfigError. */
export function requireRoute({ proxy, ca, problems }: LoadedRoute): RequiredRoute {
  const [problem] = problems;
  if (problem !== undefined) {
    throw problem;
  }
  return { proxyUrl: proxy as URL | undefined, ca };
}

function findProxy(target: URL, env: Environment): LoadedRoute['proxy'] {
  try {
    return resolveProxy(target, env);
  } catch (error) {
    if (error instanceof ConfigError) {
      return { problem: error };
    }
    throw error;
  }
}
