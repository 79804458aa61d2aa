import type { Command } from '@commander-js/extra-typings';
import { addCommand, configOption, type FlagsOf, noConfigOption, type Start } from '../../add-command.ts';

/** Adds `dreamina doctor`. */
export function addDoctor(program: Command, start: Start) {
  return addCommand(program, 'doctor')
    .summary('find out why uploads fail')
    .description('Checks everything that an upload needs, and says how to fix what is wrong.')
    .optionsGroup('What to print:')
    .option('--json', 'an array with an object for each check')
    .addOption(configOption())
    .addOption(noConfigOption())
    .addHelpText(
      'after',
      `
Examples:
  dreamina doctor
  dreamina doctor --json | jq '.[] | select(.status == "problem")'

Exit codes: 0 no problem, 1 a problem, 2 usage, 4 a problem with the token, the
account or the config. Warnings do not count.`,
    )
    .action(async (flags) => {
      const { runDoctor } = await import('./run.ts');
      await start((host) => runDoctor(flags, host));
    });
}

export type DoctorFlags = FlagsOf<typeof addDoctor>;
