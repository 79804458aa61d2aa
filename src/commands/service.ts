import { DreaminaClient } from '../client/client.ts';
import type { Host } from '../host.ts';
import type { Credentials } from '../network/credentials.ts';
import { type LoadedRoute, loadRoute, requireRoute } from '../network/route.ts';
import type { Messages } from '../report/messages.ts';
import { isUsualToken } from '../settings/identity.ts';
import { userAgent } from '../version.ts';
import { disableWasmTiering } from './disable-wasm-tiering.ts';

/** How a command reaches the service. */
interface Access {
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  /** Default: the proxy and the certificates that the environment names. */
  readonly route?: LoadedRoute;
}

/**
 * Creates the client of a command.
 *
 * @throws ConfigError if the proxy or the certificates cannot be used
 */
export async function createServiceClient(
  { credentials, timeoutMs, route }: Access,
  { env, clock, secrets, nodeVersion }: Pick<Host, 'env' | 'clock' | 'secrets' | 'nodeVersion'>,
): Promise<DreaminaClient> {
  await disableWasmTiering({ nodeVersion });
  const { proxyUrl, ca } = requireRoute(route ?? (await loadRoute(credentials.apiUrl, env)));
  if (proxyUrl !== undefined) {
    secrets.addProxy(proxyUrl);
  }
  return new DreaminaClient({ credentials, timeoutMs, userAgent, proxyUrl, ca, now: clock.epochMs });
}

/** Warns of a token without the documented form; it is sent anyway, because the API may change. */
export function warnOfUnusualToken(token: string, messages: Messages): void {
  if (!isUsualToken(token)) {
    messages.warn('the token does not look like a useapi.net token (user:<digits>-<letters and digits>)');
  }
}
