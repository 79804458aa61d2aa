import type { Command } from '@commander-js/extra-typings';
import { addCommand } from '../../add-command.ts';

/** Adds `dreamina help`. */
export function addHelp(program: Command) {
  return addCommand(program, 'help')
    .argument('[command]', 'the command, such as upload')
    .summary('print the help of a command')
    .description('Prints the help of a command, as its --help does.')
    .addHelpText(
      'after',
      `
Examples:
  dreamina help
  dreamina help upload`,
    )
    .action(async (name) => {
      const command = name === undefined ? program : program.commands.find((it) => it.name() === name);
      if (command !== undefined) {
        command.help();
      }
      const { explainUnknownName } = await import('../../explain-mistake.ts');
      throw explainUnknownName(name ?? '', program);
    });
}
