import type { Host } from '../../host.ts';
import { isAccount } from '../../settings/account.ts';
import { loadSettings } from '../../settings/load.ts';

/**
 * Runs `dreamina complete-accounts`, which the scripts ask for the accounts that the settings name, one a line. Nobody
 * wants to read an error in the middle of a command line, so it prints none.
 */
export async function completeAccounts(host: Host): Promise<number> {
  // Where a file cannot be read, the environment may still name one.
  const layers = await loadSettings({}, host).catch(() => loadSettings({ config: false }, host));
  const given = layers.map(({ values }) => values.account);
  const accounts = new Set(given.filter((account) => typeof account === 'string' && isAccount(account)));
  host.stdout.write([...accounts].map((account) => `${account}\n`).join(''));
  return 0;
}
