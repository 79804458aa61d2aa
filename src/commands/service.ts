import { ApiClient } from '../client/client.ts';
import type { Host } from '../host.ts';
import type { Credentials } from '../network/credentials.ts';
import { loadRoute, requireRoute } from '../network/route.ts';
import type { Messages } from '../report/messages.ts';
import { isUsualToken } from '../settings/identity.ts';

/** Creates the client of a command; throws a ConfigError if the proxy or the certificates cannot be used. */
export async function createServiceClient(
  credentials: Credentials,
  timeoutMs: number,
  { env, clock, secrets, nodeVersion }: Pick<Host, 'env' | 'clock' | 'secrets' | 'nodeVersion'>,
): Promise<ApiClient> {
  await disableWasmTiering(nodeVersion);
  const { proxyUrl, ca } = requireRoute(await loadRoute(credentials.apiUrl, env));
  if (proxyUrl !== undefined) {
    secrets.addProxy(proxyUrl);
  }
  return new ApiClient({ credentials, timeoutMs, proxyUrl, ca, now: clock.epochMs });
}

/**
 * Keeps Node 20 from optimizing undici's HTTP parser. Its V8 starts to do so after the first answer, and the process
 * cannot exit for another 70 ms. Later versions of V8 start only when it pays.
 */
async function disableWasmTiering(nodeVersion: string): Promise<void> {
  if (nodeVersion.startsWith('v20.')) {
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--wasm-tiering-budget=1000000000');
  }
}

/** Warns of a token without the documented form; it is sent anyway, because the API may change. */
export function warnOfUnusualToken(token: string, messages: Messages): void {
  if (!isUsualToken(token)) {
    messages.warn('the token does not look like a useapi.net token (user:<digits>-<letters and digits>)');
  }
}
