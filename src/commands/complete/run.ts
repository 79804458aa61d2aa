import type { Command } from '@commander-js/extra-typings';
import type { Shell } from '../../add-command.ts';
import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { writeOutput } from '../../report/write-output.ts';
import { type Candidate, type Completion, findCompletion } from './find-completion.ts';
import { readBashLine } from './read-bash-line.ts';

/**
 * Runs `dreamina complete`, and prints what the script of that shell reads, line by line: `words` or `files`; the part
 * of the current word to keep; and then each word that fits, or the endings of the files to prefer, joined by `|`.
 *
 * @param words those after the program's name up to the cursor, the last one incomplete; for bash, the line up to the
 *   cursor and the part of it that the completion replaces
 */
export async function runComplete(
  shell: Shell,
  words: readonly string[],
  program: Command,
  host: Host,
): Promise<number> {
  const lines =
    shell === 'bash'
      ? await completeInBash(words, program, host)
      : formatCompletion(shell, await findCompletion(program, words, host));
  await writeOutput(lines.map((line) => `${line}\n`).join(''), host);
  return exitCodes.success;
}

async function completeInBash(
  [line = '', replaced = '']: readonly string[],
  program: Command,
  host: Host,
): Promise<readonly string[]> {
  const { words, current, kept, isRedirection } = readBashLine(line, replaced);
  if (isRedirection) {
    return ['files', '', ''];
  }
  const completion = await findCompletion(program, [...words, current], host);
  if (completion.kind === 'files') {
    return ['files', kept, completion.extensions.join('|'), current];
  }
  const fitting = completion.words
    .map(({ word }) => (completion.head ?? '') + word)
    // Bash inserts words unquoted. A config file can come with a cloned repository, so a word with characters that
    // mean something to the shell is not offered.
    .filter((word) => word.startsWith(current) && /^[\w.:@+=-]*$/.test(word));
  return ['words', kept, ...fitting.map((word) => word.slice(kept.length))];
}

/** A word as `_describe` of zsh takes it; as `complete -a` of fish does, which replaces the whole of the current word. */
const formatters = {
  zsh: ({ word, description }: Candidate) => join(word.replaceAll(/[:\\]/g, '\\$&'), ':', description),
  fish: ({ word, description }: Candidate, head: string) => join(`${head}${word}`, '\t', description),
} as const;

function formatCompletion(shell: keyof typeof formatters, completion: Completion): readonly string[] {
  const { kind, head = '' } = completion;
  return kind === 'files'
    ? [kind, head, completion.extensions.join('|')]
    : [kind, head, ...completion.words.map((word) => formatters[shell](word, head))];
}

function join(word: string, separator: string, description: string): string {
  return description === '' ? word : `${word}${separator}${description}`;
}
