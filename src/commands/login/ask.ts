import { Writable } from 'node:stream';
import { Interruption, UsageError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { escapeUnsafe } from '../../report/escape.ts';

/** Whether standard input and standard error are a terminal. */
export function canAsk({ stdin, stderr }: Pick<Host, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** The parts of the host that a question needs. It is asked on standard error: standard output is for results. */
type Terminal = Pick<Host, 'stdin' | 'stderr' | 'signal'>;

/**
 * Asks for a text that is shown as asterisks; asks again until `validate` returns no problem.
 *
 * @throws Interruption on Ctrl-C or a signal, UsageError when the input ends (Ctrl-D)
 */
export async function askSecret(
  message: string,
  validate: (text: string) => string | undefined,
  terminal: Terminal,
): Promise<string> {
  const { default: password } = await import('@inquirer/password');
  return ask(terminal, (context) =>
    password({ message, mask: '*', validate: (text) => validate(text) ?? true }, context),
  );
}

/** Lets the user pick one with the arrow keys, at first `initial`; throws as {@link askSecret} does. */
export async function askChoice(
  message: string,
  choices: readonly { readonly value: string; readonly name: string }[],
  initial: string | undefined,
  terminal: Terminal,
): Promise<string> {
  const { default: select } = await import('@inquirer/select');
  const shown = choices.map(({ value, name }) => ({ value, name: escapeUnsafe(name) }));
  return ask(terminal, (context) =>
    select({ message, choices: shown, ...(initial !== undefined && { default: initial }) }, context),
  );
}

interface PromptContext {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

async function ask<Answer>(
  { stdin, stderr, signal }: Terminal,
  prompt: (context: PromptContext) => Promise<Answer>,
): Promise<Answer> {
  signal.throwIfAborted();
  const inputEnd = new AbortController();
  // readline pauses its input on Ctrl-D, and the prompt would then wait forever. It also does so after Ctrl-Z and fg,
  // but then the terminal is in raw mode again and input continues.
  const onRest = () =>
    queueMicrotask(() => {
      if ((stdin as { isRaw?: boolean }).isRaw) {
        stdin.resume();
      } else {
        inputEnd.abort();
      }
    });
  try {
    const answer = prompt({
      input: stdin,
      output: withoutEnd(stderr),
      signal: AbortSignal.any([signal, inputEnd.signal]),
    });
    stdin.on('pause', onRest).on('end', onRest);
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    // In raw mode, Ctrl-C is a key and not a signal.
    if ((error as Error).name === 'ExitPromptError') {
      throw new Interruption('SIGINT');
    }
    throw inputEnd.signal.aborted ? new UsageError('no answer was given') : error;
  } finally {
    stdin.off('pause', onRest).off('end', onRest);
    stdin.pause();
  }
}

/** Wraps the terminal for a prompt, which ends its output when it is done. */
function withoutEnd(stderr: Host['stderr']): NodeJS.WritableStream {
  const output = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      stderr.write(chunk);
      done();
    },
  });
  return Object.assign(output, { isTTY: stderr.isTTY, columns: stderr.columns });
}
