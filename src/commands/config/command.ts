import type { Command } from '@commander-js/extra-typings';
import { addCommand, configOption, type FlagsOf, noConfigOption, type Start } from '../../add-command.ts';

/** Adds `dreamina config`. */
export function addConfig(program: Command, start: Start) {
  return addCommand(program, 'config')
    .summary('print every setting and where it came from')
    .description(
      'Prints every setting and where it came from, the config files, the proxy and the certificates. The token itself is not shown, only that it is set.',
    )
    .optionsGroup('What to print:')
    .option('--json', 'one object')
    .addOption(configOption())
    .addOption(noConfigOption())
    .addHelpText(
      'after',
      `
Examples:
  dreamina config
  dreamina config --json | jq -r .settings.account.value

Exit codes: 0 no problem, 2 usage, 4 something is wrong.`,
    )
    .action(async (flags) => {
      const { runConfig } = await import('./run.ts');
      await start((host) => runConfig(flags, host));
    });
}

export type ConfigFlags = FlagsOf<typeof addConfig>;
