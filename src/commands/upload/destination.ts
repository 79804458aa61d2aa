import type { ApiClient } from '../../client/client.ts';
import { ConfigError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { isLoopbackHost } from '../../loopback.ts';
import { Credentials } from '../../network/credentials.ts';
import type { Messages } from '../../report/messages.ts';
import { isOfficial } from '../../settings/api-url.ts';
import type { RequiredSettings } from '../../settings/resolve.ts';
import { formatSource, type Setting } from '../../settings/source.ts';
import type { RememberedDestination } from '../../upload/check-and-upload.ts';
import { listAccountNames } from '../../upload/list-account-names.ts';
import { listNames } from '../../words.ts';
import { createServiceClient } from '../service.ts';

/** A destination with its connections. */
export interface OpenDestination extends RememberedDestination {
  readonly apiUrl: string;
  close(): Promise<void>;
}

/** The service of the settings; throws a ConfigError without token or account, or if the token must not go there. */
export async function openService(settings: RequiredSettings, host: Host): Promise<OpenDestination> {
  const { token, account, apiUrl, timeout } = settings;
  if (token === undefined) {
    throw new ConfigError('there is no token', {
      hint: 'Run `dreamina login`, or set DREAMINA_TOKEN; --sandbox needs none.',
    });
  }
  const credentials = Credentials.fromSettings({ apiUrl, token });
  const client = await createServiceClient(credentials, timeout.value, host);
  if (account === undefined) {
    throw new ConfigError(`there is no account (the token is from ${formatSource(token.source)})`, {
      hint: `Give it with -a REGION:email, in DREAMINA_ACCOUNT, or as \`account\` in a config file${await describeAccounts(client, host)}.`,
    });
  }
  return {
    uploader: client,
    account: account.value,
    apiUrl: apiUrl.value,
    endpoint: apiUrl.value,
    tokenSource: token.source,
    close: () => client.close(),
  };
}

/**
 * Warns if a project's config names the server. The token rule keeps other tokens from it, but the files still go
 * there, which someone who runs this in another person's folder may not expect.
 */
export function warnOfProjectServer({ value, source }: Setting<string>, messages: Messages): void {
  const { origin, hostname } = new URL(value);
  if (source.kind === 'project' && !isOfficial(value) && !isLoopbackHost(hostname)) {
    messages.alert(`${formatSource(source)} sends your files to ${origin}`);
  }
}

/** The accounts to choose from, as the end of a sentence; empty if the service does not list them. */
async function describeAccounts(client: ApiClient, { signal }: Host): Promise<string> {
  const names = await listAccountNames(client, signal);
  await client.close();
  if (names === undefined) {
    return '';
  }
  return names.length === 0
    ? '; none is configured under this token yet'
    : `: this token has ${listNames(names)}`;
}

/** A stand-in for the service inside this process. */
export async function openSandbox({ timeout }: RequiredSettings, host: Host): Promise<OpenDestination> {
  const { startSandbox } = await import('../../sandbox/index.ts');
  const sandbox = await startSandbox();
  const credentials = Credentials.forOwnServer(sandbox.apiUrl, sandbox.token);
  const client = await createServiceClient(credentials, timeout.value, host);
  return {
    uploader: client,
    account: sandbox.accounts[0]!,
    apiUrl: sandbox.apiUrl,
    endpoint: 'sandbox',
    close: async () => {
      await client.close();
      await sandbox.close();
    },
  };
}
