import prettyMilliseconds from 'pretty-ms';
import { adviseOn, noAccountAdvice } from '../../advice.ts';
import type { Account } from '../../client/accounts-answer.ts';
import { ApiError, ConfigError } from '../../errors.ts';
import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { Credentials } from '../../network/credentials.ts';
import { formatJson } from '../../report/escape.ts';
import { formatExpiry } from '../../report/expiry.ts';
import { StandardError } from '../../report/standard-error.ts';
import { formatTable } from '../../report/table.ts';
import { writeOutput } from '../../report/write-output.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { requireSettings, resolveSettings } from '../../settings/resolve.ts';
import { formatSource } from '../../settings/source.ts';
import { createServiceClient } from '../service.ts';
import type { AccountsFlags } from './command.ts';

/** Runs `dreamina accounts`; throws a UsageError or ConfigError before anything is sent. */
export async function runAccounts(flags: AccountsFlags, host: Host): Promise<number> {
  const { messages } = await StandardError.open(host, flags.verbose ? 'verbose' : 'normal');
  const gathered = await gatherSettings({ config: flags.config }, host);
  // Ignore a wrong account setting, so that the right ones can be listed.
  const resolved = resolveSettings(gathered, { ignore: ['account'] });
  const { token, apiUrl, timeout } = requireSettings(resolved);
  for (const warning of [...resolved.alerts, ...resolved.warnings]) {
    messages.warn(warning);
  }
  if (token === undefined) {
    throw new ConfigError('there is no token', {
      hint: 'Run `dreamina login`, or set DREAMINA_TOKEN.',
    });
  }
  const credentials = Credentials.fromSettings({ apiUrl, token });
  const client = await createServiceClient(credentials, timeout.value, host);
  let list: readonly Account[];
  try {
    messages.detail(`GET ${apiUrl.value}/accounts with the token from ${formatSource(token.source)}`);
    const startedAtMs = host.clock.monotonicMs();
    list = await client.listAccounts(host.signal);
    messages.detail(`answered in ${prettyMilliseconds(host.clock.monotonicMs() - startedAtMs)}`);
  } catch (error) {
    throw error instanceof ApiError
      ? error.withHint(adviseOn('accounts', error, { tokenSource: token.source }))
      : error;
  } finally {
    await client.close();
  }

  if (flags.json) {
    await writeOutput(`${formatJson(list, 2)}\n`, host);
  } else if (list.length > 0) {
    await writeOutput(formatAccounts(list, host.clock.epochMs()), host);
  }
  if (list.length === 0) {
    messages.note(noAccountAdvice);
  }
  return exitCodes.success;
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
