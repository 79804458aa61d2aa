import type { Command } from '@commander-js/extra-typings';
import { addCommand, configOption, type FlagsOf, noConfigOption, type Start } from '../../add-command.ts';

/** Adds `dreamina login`. */
export function addLogin(program: Command, start: Start) {
  return addCommand(program, 'login')
    .summary('ask for the token, check it, and save it in your own config')
    .description(
      'Says where to get a token, asks for it without showing it, checks it with the service, lets you pick the account, and writes both into your own config file, which only you can read.',
    )
    .optionsGroup('Login:')
    .option('-a, --account <REGION:email>', 'the account, if there are several')
    .option('--with-token', 'read the token from standard input, without asking')
    .addOption(configOption())
    .addOption(noConfigOption())
    .addHelpText(
      'after',
      `
Examples:
  dreamina login
  dreamina login --with-token < token.txt
  pass useapi | dreamina login --with-token -a US:name@example.com

Exit codes: 0 written, 1 the service has a problem, 2 usage, 4 token, account or
config. Nothing is written unless the exit code is 0.`,
    )
    .action(async (flags) => {
      const { runLogin } = await import('./run.ts');
      await start((host) => runLogin(flags, host));
    });
}

export type LoginFlags = FlagsOf<typeof addLogin>;
