import type { Command } from '@commander-js/extra-typings';
import { addCommand, type Start, shellArgument } from '../../add-command.ts';

/** Adds `dreamina completion`. */
export function addCompletion(program: Command, start: Start) {
  return addCommand(program, 'completion')
    .addArgument(shellArgument())
    .summary('print a completion script for bash, zsh or fish')
    .description('Prints a script that completes commands, flags, accounts and files in your shell.')
    .addHelpText(
      'after',
      `
To install it:
  bash  source <(dreamina completion bash)     (a line for ~/.bashrc)
  zsh   dreamina completion zsh > "\${fpath[1]}/_dreamina"
  fish  dreamina completion fish > ~/.config/fish/completions/dreamina.fish`,
    )
    .action(async (shell) => {
      const { runCompletion } = await import('./run.ts');
      await start((host) => runCompletion(shell, host));
    });
}
