import { adviseOn } from '../../advice.ts';
import type { Account } from '../../client/accounts-answer.ts';
import type { DreaminaClient } from '../../client/client.ts';
import { ApiError, isFatal } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { formatExpiry } from '../../report/expiry.ts';
import type { Inspection } from '../../settings/inspect.ts';
import { formatSource } from '../../settings/source.ts';
import { formatDuration } from '../../units.ts';
import { connectService } from '../service.ts';
import { hasProblem } from './check-settings.ts';
import { type CheckResult, configProblem, ok, otherProblem, skipped, warning } from './finding.ts';

/** Shorter than an upload may take: someone is waiting for the result. */
const maxWaitMs = 30_000;

/** A session that ends sooner is worth a warning. */
const soonMs = 3 * 24 * 60 * 60 * 1000;

/**
 * Asks the service for its accounts, once: whether it can be reached, takes the token, knows the account, and how long
 * the account's session lasts. Without a token it asks too, and learns only the first.
 *
 * @param obstacle why nothing can be sent at all, undefined where the address is right and something can
 */
export async function checkService(
  { settings, files }: Inspection,
  obstacle: string | undefined,
  host: Pick<Host, 'env' | 'clock' | 'signal' | 'secrets' | 'nodeVersion'>,
): Promise<readonly CheckResult[]> {
  const { apiUrl } = settings;
  if (obstacle !== undefined || 'problem' in apiUrl) {
    return skipAll(['reachable', 'accepted', 'account', 'session'], obstacle ?? 'the apiUrl is wrong');
  }
  const url = apiUrl.setting.value;
  const token = 'setting' in settings.token ? settings.token.setting : undefined;
  const client = await connectService({ apiUrl: apiUrl.setting, token, timeoutMs: waitMs(settings) }, host);
  const startedAt = host.clock.now();
  const answer = await ask(client, token !== undefined, host.signal).finally(() => client.close());
  if (answer instanceof ApiError && answer.httpStatus === undefined) {
    return [
      otherProblem('reachable', answer.message, adviseOn('accounts', answer)),
      ...skipAll(['accepted', 'account', 'session'], 'the service cannot be reached'),
    ];
  }
  const reachable = ok(
    'reachable',
    `${new URL(url).host} answered in ${formatDuration(host.clock.now() - startedAt)}`,
  );
  if (answer === undefined) {
    return [reachable, ...skipAll(['accepted', 'account', 'session'], 'there is no token')];
  }
  if (answer instanceof ApiError) {
    const problem = isFatal(answer.code) ? configProblem : otherProblem;
    return [
      reachable,
      problem('accepted', answer.message, adviseOn('accounts', answer)),
      ...skipAll(['account', 'session'], 'the service does not list the accounts'),
    ];
  }
  return [
    reachable,
    ok('accepted', 'the service takes the token'),
    ...checkAccount(settings.account, answer, hasProblem(files), host.clock.now()),
  ];
}

/** The accounts, why there are none, or undefined where the service was only greeted. */
async function ask(
  client: DreaminaClient,
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

function waitMs({ timeout }: Inspection['settings']): number {
  const timeoutMs = 'setting' in timeout ? Math.round(timeout.setting.value * 1000) : maxWaitMs;
  return Math.max(1, Math.min(timeoutMs, maxWaitMs));
}

function checkAccount(
  inspected: Inspection['settings']['account'],
  accounts: readonly Account[],
  isHidden: boolean,
  now: number,
): readonly CheckResult[] {
  if ('problem' in inspected) {
    return [configProblem('account', inspected.problem.message), skipped('session', 'the account is wrong')];
  }
  const { setting } = inspected;
  if (setting === undefined) {
    const none = isHidden
      ? skipped('account', 'a config file is wrong, and the account may be in it')
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
    ? 'No account is configured under this token; add one at useapi.net (POST /accounts).'
    : `Give one of those that are configured: ${accounts.map(({ account }) => account).join(', ')}.`;
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

function skipAll(checks: readonly string[], reason: string): readonly CheckResult[] {
  return checks.map((check) => skipped(check, reason));
}
