import prettyMilliseconds from 'pretty-ms';
import { adviseOn, noAccountAdvice } from '../../advice.ts';
import type { Account } from '../../client/accounts-answer.ts';
import type { ApiClient } from '../../client/client.ts';
import { ApiError, isFatal } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { Credentials } from '../../network/credentials.ts';
import { formatExpiry } from '../../report/expiry.ts';
import { isProblem, type Settings } from '../../settings/resolve.ts';
import { formatSource, type Setting } from '../../settings/source.ts';
import { listNames } from '../../words.ts';
import { createServiceClient } from '../service.ts';
import { type CheckResult, configProblem, ok, otherProblem, skipAll, skipped, warning } from './finding.ts';

/** Shorter than an upload may take: someone is waiting for the result. */
const maxWaitMs = 30_000;

/** A session that ends sooner is worth a warning. */
const soonMs = 3 * 24 * 60 * 60 * 1000;

/**
 * Requests the accounts once, to check that the service is reachable, accepts the token and knows the account, and when
 * the account's session expires. Without a token, checks only that the service is reachable.
 *
 * @param hasWrongFile whether a config file that cannot be read may set the account
 */
export async function checkService(
  settings: Settings & { readonly apiUrl: Setting<string> },
  hasWrongFile: boolean,
  host: Pick<Host, 'env' | 'clock' | 'signal' | 'secrets' | 'nodeVersion'>,
): Promise<readonly CheckResult[]> {
  const { apiUrl } = settings;
  const token = isProblem(settings.token) ? undefined : settings.token;
  const credentials = Credentials.fromSettings({ apiUrl, token });
  const client = await createServiceClient(credentials, waitMs(settings), host);
  const startedAtMs = host.clock.monotonicMs();
  const answer = await ask(client, token !== undefined, host.signal).finally(() => client.close());
  if (answer instanceof ApiError && answer.httpStatus === undefined) {
    return [
      otherProblem('reachable', answer.message, adviseOn('accounts', answer)),
      ...skipAll(['accepted', 'account', 'session'], 'the service cannot be reached'),
    ];
  }
  const reachable = ok(
    'reachable',
    `${new URL(apiUrl.value).host} answered in ${prettyMilliseconds(host.clock.monotonicMs() - startedAtMs)}`,
  );
  if (answer === undefined) {
    return [reachable, ...skipAll(['accepted', 'account', 'session'], 'there is no token')];
  }
  if (answer instanceof ApiError) {
    const problem = isFatal(answer.code) ? configProblem : otherProblem;
    return [
      reachable,
      problem('accepted', answer.message, adviseOn('accounts', answer, { tokenSource: token?.source })),
      ...skipAll(['account', 'session'], 'the service does not list the accounts'),
    ];
  }
  return [
    reachable,
    ok('accepted', 'the service accepts the token'),
    ...checkAccount(settings.account, answer, hasWrongFile, host.clock.epochMs()),
  ];
}

/** The accounts, or why there are none; undefined without a token, if the service answers. */
async function ask(
  client: ApiClient,
  hasToken: boolean,
  signal: AbortSignal,
): Promise<readonly Account[] | ApiError | undefined> {
  try {
    if (hasToken) {
      return await client.listAccounts(signal);
    }
    await client.ping(signal);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) {
      return error;
    }
    throw error;
  }
}

function waitMs({ timeout }: Settings): number {
  return isProblem(timeout) ? maxWaitMs : Math.min(timeout.value, maxWaitMs);
}

function checkAccount(
  setting: Settings['account'],
  accounts: readonly Account[],
  hasWrongFile: boolean,
  now: number,
): readonly CheckResult[] {
  if (isProblem(setting)) {
    return [configProblem('account', setting.problem.message), skipped('session', 'the account is wrong')];
  }
  if (setting === undefined) {
    const none = hasWrongFile
      ? skipped('account', 'an invalid config file may contain the account')
      : configProblem('account', 'there is no account', adviceOn(accounts));
    return [none, skipped('session', 'there is no account')];
  }
  const { value, source } = setting;
  const known = accounts.find(({ account }) => account === value);
  const name = `${value} from ${formatSource(source)}`;
  if (known === undefined) {
    return [
      configProblem('account', `${name} is not configured under this token`, adviceOn(accounts)),
      skipped('session', 'the account is not known'),
    ];
  }
  const problem = known.error === undefined ? undefined : `${name}: the service says: ${known.error}`;
  return [
    problem === undefined ? ok('account', name) : configProblem('account', problem, addAgain),
    checkSession(known, now),
  ];
}

const addAgain = 'Add the account again at useapi.net (POST /accounts).';

function adviceOn(accounts: readonly Account[]): string {
  return accounts.length === 0
    ? noAccountAdvice
    : `Give one of those that are configured: ${listNames(accounts.map(({ account }) => account))}.`;
}

function checkSession({ sessionExpires }: Account, now: number): CheckResult {
  if (sessionExpires === undefined) {
    return skipped('session', 'the service does not say when it expires');
  }
  const leftMs = Date.parse(sessionExpires) - now;
  const when = formatExpiry(sessionExpires, now);
  if (leftMs <= 0) {
    return configProblem('session', when, addAgain);
  }
  return leftMs <= soonMs
    ? warning('session', `expires ${when}`, addAgain)
    : ok('session', `expires ${when}`);
}
