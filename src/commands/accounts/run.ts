import type { Account } from '../../client/accounts.ts';
import { ConfigError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { formatExpiry } from '../../report/expiry.ts';
import { StandardError } from '../../report/standard-error.ts';
import { formatTable } from '../../report/table.ts';
import { formatDuration } from '../../report/units.ts';
import { findExposedTokens } from '../../settings/exposed-token.ts';
import { loadSettings } from '../../settings/load.ts';
import { resolveSettings } from '../../settings/resolve.ts';
import { completeSettings } from '../../settings/settings.ts';
import { formatSource } from '../../settings/source.ts';
import { assertTokenDestination, connectService, reportRefusal } from '../service.ts';
import type { AccountsFlags } from './command.ts';

/**
 * Runs `dreamina accounts` and returns its exit code.
 *
 * @throws UsageError or ConfigError before anything is sent
 */
export async function runAccounts(flags: AccountsFlags, host: Host): Promise<number> {
  const { messages } = await StandardError.open(host, flags.verbose ? 'verbose' : 'normal');
  const layers = await loadSettings({ config: flags.config }, host);
  // A wrong account is no reason not to show the right ones.
  const { settings, warnings } = resolveSettings(layers, { omit: ['account'] });
  for (const warning of [...warnings, ...(await findExposedTokens(layers, host.platform))]) {
    messages.warn(warning);
  }
  const { token, apiUrl } = settings;
  if (token === undefined) {
    throw new ConfigError('there is no token', {
      hint: 'Run `dreamina login`, or set DREAMINA_TOKEN.',
    });
  }
  assertTokenDestination(apiUrl, token.source);
  const { timeoutMs } = completeSettings(settings);
  const client = await connectService({ apiUrl, token, timeoutMs }, host);
  let list: readonly Account[];
  try {
    messages.detail(`GET ${apiUrl.value}/accounts with the token from ${formatSource(token.source)}`);
    const startedAt = host.clock.now();
    list = await client.listAccounts(host.signal);
    messages.detail(`answered in ${formatDuration(host.clock.now() - startedAt)}`);
  } catch (error) {
    return reportRefusal(error, messages);
  } finally {
    await client.close();
  }

  if (flags.json) {
    host.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
  } else if (list.length > 0) {
    host.stdout.write(formatAccounts(list, host.clock.now()));
  }
  if (list.length === 0) {
    messages.note('No account is configured under this token; add one at useapi.net (POST /accounts).');
  }
  return 0;
}

function formatAccounts(list: readonly Account[], now: number): string {
  return formatTable([
    ['ACCOUNT', 'REGION', 'SESSION EXPIRES', 'ERROR'],
    ...list.map(({ account, region, sessionExpires, error = '' }) => [
      account,
      region,
      sessionExpires === undefined ? 'unknown' : formatExpiry(sessionExpires, now),
      error,
    ]),
  ]);
}
