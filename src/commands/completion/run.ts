import type { Command } from 'commander';
import { formatBash } from '../../completion/bash.ts';
import { formatFish } from '../../completion/fish.ts';
import { readProgram } from '../../completion/read-program.ts';
import { formatZsh } from '../../completion/zsh.ts';
import type { Host } from '../../host.ts';
import { writeOutput } from '../../report/write-output.ts';
import { faultKinds } from '../../sandbox/index.ts';

const formatters = { bash: formatBash, zsh: formatZsh, fish: formatFish } as const;

/** A shell that there is a script for. */
export type Shell = keyof typeof formatters;

/** Both names that package.json installs the program under. */
const names = ['dreamina', 'dreamina-upload'] as const;

/** Runs `dreamina completion <shell>`: prints the script that completes this program in that shell. */
export async function completion(shell: Shell, program: Command, host: Host): Promise<number> {
  const model = readProgram(program, {
    names,
    values: {
      file: { kind: 'files' },
      'files...': { kind: 'images' },
      'REGION:email': { kind: 'accounts' },
      'kind:amount': { kind: 'words', words: faultKinds, suffix: ':' },
    },
  });
  await writeOutput(formatters[shell](model), host);
  return 0;
}
