import { DreaminaClient } from '../client/client.ts';
import { ConfigError } from '../errors.ts';
import type { Host } from '../host.ts';
import { resolveProxy } from '../settings/proxy.ts';
import type { ResolvedSettings } from '../settings/resolve.ts';
import { completeSettings } from '../settings/settings.ts';
import { formatSource } from '../settings/source.ts';
import { checkTokenDestination } from '../settings/token-rule.ts';
import { loadTrustedAuthorities } from '../settings/trusted-authorities.ts';
import { userAgent } from '../version.ts';

/** Where uploads go, and as whom. */
export interface Destination {
  readonly client: DreaminaClient;
  /** `REGION:email`. */
  readonly account: string;
  /** What a manifest knows it by: the `apiUrl`, but for the sandbox, whose port differs each time. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/**
 * The service that the settings name.
 *
 * @throws ConfigError where the token or the account is missing, or the token must not go there
 */
export async function openService(resolved: ResolvedSettings, host: Host): Promise<Destination> {
  const { apiUrl, timeoutMs } = completeSettings(resolved);
  const { token, account } = resolved;
  if (token === undefined) {
    throw new ConfigError('there is no token', {
      hint: 'Set DREAMINA_TOKEN, or `token` in a config file; --sandbox needs none.',
    });
  }
  const permission = checkTokenDestination({
    apiUrl,
    apiUrlSource: resolved.apiUrl.source,
    tokenSource: token.source,
  });
  if (!permission.allowed) {
    throw new ConfigError(permission.reason);
  }
  if (account === undefined) {
    throw new ConfigError(`there is no account (the token is from ${formatSource(token.source)})`, {
      hint: 'Give it with -a REGION:email, in DREAMINA_ACCOUNT, or as `account` in a config file.',
    });
  }
  const url = new URL(apiUrl);
  const client = new DreaminaClient({
    token: token.value,
    apiUrl,
    timeoutMs,
    userAgent,
    proxyUrl: resolveProxy(url, host.env),
    ca: url.protocol === 'https:' ? await loadTrustedAuthorities(host.env) : undefined,
    now: host.clock.now,
  });
  return { client, account: account.value, endpoint: apiUrl, close: () => client.close() };
}

/** A stand-in of the service inside this process. */
export async function openSandbox(resolved: ResolvedSettings, host: Host): Promise<Destination> {
  const { startSandbox } = await import('../sandbox/index.ts');
  const sandbox = await startSandbox();
  const client = new DreaminaClient({
    token: sandbox.token,
    apiUrl: sandbox.apiUrl,
    timeoutMs: completeSettings(resolved).timeoutMs,
    userAgent,
    now: host.clock.now,
  });
  return {
    client,
    account: sandbox.accounts[0]!,
    endpoint: 'sandbox',
    close: async () => {
      await client.close();
      await sandbox.close();
    },
  };
}
