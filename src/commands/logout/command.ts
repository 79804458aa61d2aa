import type { Command } from '@commander-js/extra-typings';
import { addCommand, type Start } from '../../add-command.ts';

/** Adds `dreamina logout`. */
export function addLogout(program: Command, start: Start) {
  return addCommand(program, 'logout')
    .summary('remove the token and the account from your own config')
    .description(
      'Removes the token and the account from your own config file, and says where else a token is set. Other settings stay. The token itself stays valid at useapi.net.',
    )
    .addHelpText(
      'after',
      `
Examples:
  dreamina logout

Exit codes: 0 both are removed from the file, 2 usage, 4 the file cannot be
changed.`,
    )
    .action(async () => {
      const { runLogout } = await import('./run.ts');
      await start(runLogout);
    });
}
