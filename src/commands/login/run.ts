import { adviseOn } from '../../advice.ts';
import type { Account } from '../../client/accounts-answer.ts';
import { ApiError, ConfigError, UsageError } from '../../errors.ts';
import { exitCodes } from '../../exit-code.ts';
import { readLine } from '../../files/read-line.ts';
import type { Host } from '../../host.ts';
import { assertTokenDestination, Credentials } from '../../network/credentials.ts';
import { formatExpiry } from '../../report/expiry.ts';
import type { Messages } from '../../report/messages.ts';
import { StandardError } from '../../report/standard-error.ts';
import { definitions, keys } from '../../settings/definitions.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { findTokenFault, isAccount } from '../../settings/identity.ts';
import { requireSettings, resolveSettings } from '../../settings/resolve.ts';
import { formatSource, type Source } from '../../settings/source.ts';
import {
  type ConfigChanges,
  readUserConfig,
  requireUserConfigPath,
  writeUserConfig,
} from '../../settings/user-config.ts';
import { listNames } from '../../words.ts';
import { createServiceClient, warnOfUnusualToken } from '../service.ts';
import { askChoice, askSecret, canAsk } from './ask.ts';
import type { LoginFlags } from './command.ts';

/** Runs `dreamina login`. Nothing is written unless the service has accepted the token. */
export async function runLogin(flags: LoginFlags, host: Host): Promise<number> {
  const { messages } = await StandardError.open(host, 'normal');
  const isAsking = canAsk(host) && !flags.withToken;
  assertReadable(flags, isAsking, host);
  const path = requireUserConfigPath(host);
  // Report whatever prevents writing or sending the token before asking for it.
  const before = await readUserConfig(path);
  const gathered = await gatherSettings({ flags: { account: flags.account }, config: flags.config }, host);
  const settings = requireSettings(resolveSettings(gathered, { ignore: ['token', 'account'] }));
  const { apiUrl, timeout } = settings;
  const source: Source = { kind: 'login' };
  assertTokenDestination({ apiUrl, token: { source } });

  if (isAsking) {
    messages.note('You need a token from useapi.net: user:<digits>-<letters and digits>.');
    messages.note('One comes with a subscription: https://useapi.net/docs/start-here/setup-useapi');
  }
  const { token, accounts } = await readAcceptedToken(isAsking, messages, host, async (value) => {
    const credentials = Credentials.fromSettings({ apiUrl, token: { value, source } });
    const client = await createServiceClient(credentials, timeout.value, host);
    return client.listAccounts(host.signal).finally(() => client.close());
  });

  const usable = accounts.filter(({ account }) => isAccount(account));
  const named = settings.account?.value;
  assertConfigured(named, usable);
  const account = named ?? (await pickAccount(usable, before.account, isAsking, host));
  const written = { token, account };
  await writeUserConfig(path, written);
  tellNext(account, usable, messages);
  await warnOfOthers(path, written, host, messages);
  messages.note(
    `Logged in${account === undefined ? '' : ` as ${account}`}. The token is in ${path}; \`dreamina logout\` removes it.`,
  );
  return exitCodes.success;
}

/** How often to ask for a token. */
const maxTokens = 3;

/** Reads tokens until the service accepts one (`list` asks it); asks again at a terminal; a pipe has only one. */
async function readAcceptedToken(
  isAsking: boolean,
  messages: Messages,
  host: Host,
  list: (token: string) => Promise<readonly Account[]>,
): Promise<{ readonly token: string; readonly accounts: readonly Account[] }> {
  for (let tokens = 1; ; tokens += 1) {
    const token = await readToken(isAsking, host);
    host.secrets.addToken(token);
    warnOfUnusualToken(token, messages);
    try {
      return { token, accounts: await list(token) };
    } catch (error) {
      const isRefused = error instanceof ApiError && error.code === 'unauthorized';
      if (!isRefused || !isAsking || tokens === maxTokens) {
        throw error;
      }
      messages.error(error.message, adviseOn('accounts', error));
    }
  }
}

function assertReadable({ withToken }: LoginFlags, isAsking: boolean, host: Host): void {
  if (withToken && host.stdin.isTTY) {
    throw new UsageError(
      '--with-token reads the token from a pipe or a file, not from a terminal, which would show it; omit the flag and login asks for it',
    );
  }
  if (!withToken && !isAsking) {
    throw new UsageError(
      'login cannot ask for a token without a terminal; use --with-token to read it from standard input',
    );
  }
}

async function readToken(isAsking: boolean, host: Host): Promise<string> {
  if (isAsking) {
    const answer = await askSecret('useapi.net token:', (text) => judgeToken(text.trim()), host);
    return answer.trim();
  }
  const token = (await readLine(host.stdin, host.signal)).trim();
  const problem = judgeToken(token);
  if (problem !== undefined) {
    throw new UsageError(`standard input: the token must be ${definitions.token.allowed}; ${problem}`);
  }
  return token;
}

/** Describes the fault of a token, without quoting it; undefined if it has none. */
function judgeToken(token: string): string | undefined {
  return token === '' ? 'there is no token' : findTokenFault(token);
}

/** @throws ConfigError if the account that was named is not one of the token's */
function assertConfigured(named: string | undefined, accounts: readonly Account[]): void {
  const names = accounts.map(({ account }) => account);
  if (named !== undefined && !names.includes(named)) {
    const configured =
      names.length === 0 ? 'no account is configured' : `configured accounts: ${listNames(names)}`;
    throw new ConfigError(`--account: ${named} is not configured under this token; ${configured}`);
  }
}

/**
 * The account to write, undefined for none: the only one, or the one that is picked.
 *
 * @param before the account in the config so far
 */
async function pickAccount(
  accounts: readonly Account[],
  before: unknown,
  isAsking: boolean,
  host: Host,
): Promise<string | undefined> {
  const names = accounts.map(({ account }) => account);
  if (names.length <= 1) {
    return names[0];
  }
  // An account of another token would fail every upload, so drop it.
  const kept = names.find((name) => name === before);
  if (!isAsking) {
    return kept;
  }
  const now = host.clock.epochMs();
  const choices = accounts.map(({ account, sessionExpires, error }) => ({
    value: account,
    name: [account, sessionExpires && `session ${formatExpiry(sessionExpires, now)}`, error]
      .filter(Boolean)
      .join(', '),
  }));
  return askChoice('Which account do you upload to?', choices, kept, host);
}

function tellNext(account: string | undefined, usable: readonly Account[], messages: Messages): void {
  if (account !== undefined) {
    return;
  }
  if (usable.length === 0) {
    messages.warn('no account is configured under this token; add one at useapi.net (POST /accounts)');
    return;
  }
  messages.warn(
    `the token has several accounts (${listNames(usable.map((it) => it.account))}); choose one with -a REGION:email`,
  );
}

/** Warns of anything in this folder and environment that overrides the written config. */
async function warnOfOthers(
  path: string,
  written: ConfigChanges,
  host: Host,
  messages: Messages,
): Promise<void> {
  if (host.env.DREAMINA_CONFIG) {
    messages.warn(`DREAMINA_CONFIG is set, so ${path} is not read`);
  }
  const { layers } = await gatherSettings({}, host);
  for (const key of keys.filter((it) => written[it] !== undefined)) {
    const first = layers.find(({ values }) => values[key] !== undefined && values[key] !== null);
    if (first !== undefined && !('path' in first.source && first.source.path === path)) {
      const where = first.source.kind === 'project' ? 'in this folder, ' : '';
      messages.warn(`${where}the ${key} from ${formatSource(first.source)} takes precedence`);
    }
  }
}
