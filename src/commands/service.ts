import { DreaminaClient } from '../client/client.ts';
import { ConfigError } from '../errors.ts';
import type { Host } from '../host.ts';
import { loadTrustedAuthorities } from '../network/certificates.ts';
import { checkTokenDestination } from '../network/credentials.ts';
import { resolveProxy } from '../network/proxy.ts';
import type { Messages } from '../report/messages.ts';
import type { Setting } from '../settings/resolve.ts';
import type { Source } from '../settings/source.ts';
import { isUsualToken } from '../settings/token.ts';
import { userAgent } from '../version.ts';
import { spareParser } from './spare-parser.ts';

/** How a command reaches the service, each with where that was said. */
interface Access {
  readonly apiUrl: Setting<string>;
  readonly token: Setting<string> | undefined;
  readonly timeoutMs: number;
}

/**
 * The client of a command, by the proxy and the certificates of the environment.
 *
 * @throws ConfigError where either cannot be used
 */
export async function connectService(
  access: Access,
  { env, clock, secrets, nodeVersion }: Pick<Host, 'env' | 'clock' | 'secrets' | 'nodeVersion'>,
): Promise<DreaminaClient> {
  await spareParser({ nodeVersion });
  const url = new URL(access.apiUrl.value);
  const proxyUrl = resolveProxy(url, env);
  if (proxyUrl !== undefined) {
    secrets.addProxy(proxyUrl);
  }
  return new DreaminaClient({
    ...access,
    userAgent,
    proxyUrl,
    ca: url.protocol === 'https:' ? await loadTrustedAuthorities(env) : undefined,
    now: clock.now,
  });
}

/** Warns of a token that has not the documented form; it is sent all the same, because the API drifts. */
export function warnOfUnusualToken(token: string, messages: Messages): void {
  if (!isUsualToken(token)) {
    messages.warn('the token does not look like one of useapi.net (user:<digits>-<letters and digits>)');
  }
}

/** Throws a ConfigError where a token from that source must not go to the `apiUrl`. */
export function assertTokenDestination(apiUrl: Setting<string>, tokenSource: Source): void {
  const permission = checkTokenDestination({
    apiUrl: apiUrl.value,
    apiUrlSource: apiUrl.source,
    tokenSource,
  });
  if (!permission.allowed) {
    throw new ConfigError(permission.reason);
  }
}
