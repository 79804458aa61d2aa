import type { Command } from '@commander-js/extra-typings';
import { addCommand, configOption, type FlagsOf, noConfigOption, type Start } from '../../add-command.ts';

/** Adds `dreamina accounts`. */
export function addAccounts(program: Command, start: Start) {
  return addCommand(program, 'accounts')
    .summary('list the accounts that are configured under the token')
    .description('Lists the accounts under the token, and when the session of each expires.')
    .optionsGroup('What to print:')
    .option('--json', 'an array with an object for each account')
    .option('-v, --verbose', 'print the request too')
    .addOption(configOption())
    .addOption(noConfigOption())
    .addHelpText(
      'after',
      `
Examples:
  dreamina accounts
  dreamina accounts --json | jq -r '.[].account'

Exit codes: 0 listed, 1 the service has a problem, 2 usage, 4 token or config.`,
    )
    .action(async (flags) => {
      const { runAccounts } = await import('./run.ts');
      await start((host) => runAccounts(flags, host));
    });
}

export type AccountsFlags = FlagsOf<typeof addAccounts>;
