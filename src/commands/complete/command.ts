import type { Command } from '@commander-js/extra-typings';
import { addCommand, type Start, shellArgument } from '../../add-command.ts';

/** Adds `dreamina complete`, which the completion scripts run; help does not show it. */
export function addComplete(program: Command, start: Start) {
  return addCommand(program, 'complete', { hidden: true })
    .addArgument(shellArgument())
    .argument('[words...]')
    .action(async (shell, words) => {
      const { runComplete } = await import('./run.ts');
      await start((host) => runComplete(shell, words, program, host));
    });
}
