import type { Host } from '../../host.ts';
import { writeOutput } from '../../report/write-output.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { isAccount } from '../../settings/identity.ts';

/**
 * Runs `dreamina complete-accounts`, which the scripts ask for the accounts that the settings name, one a line. Nobody
 * wants to read an error in the middle of a command line, so it prints none.
 */
export async function completeAccounts(host: Host): Promise<number> {
  const { layers } = await gatherSettings({}, host);
  const given = layers.map(({ values }) => values.account);
  const accounts = new Set(given.filter((account) => typeof account === 'string' && isAccount(account)));
  await writeOutput([...accounts].map((account) => `${account}\n`).join(''), host);
  return 0;
}
