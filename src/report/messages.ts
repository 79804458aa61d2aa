import { adviseOn } from '../advice.ts';
import { ApiError, ConfigError, OutputError, UsageError } from '../errors.ts';
import type { Colours } from './colours.ts';
import { escapeUnsafe } from './escape.ts';

/** How much goes to standard error. */
export type Verbosity = 'quiet' | 'normal' | 'verbose';

/** Prints sentences for people on standard error; escapes text from outside. */
export interface Messages {
  /** An error, with advice or details on the lines below. */
  error(text: string, ...more: readonly (string | undefined)[]): void;
  /**
   * A warning that is shown also when quiet: files go, or may have gone, to an unintended place or in an unintended
   * way.
   */
  alert(text: string): void;
  /** Not shown when quiet. */
  warn(text: string): void;
  /** Not shown when quiet. */
  note(text: string): void;
  /** Shown only when verbose. */
  detail(text: string): void;
}

/** @param print puts whole lines on standard error, above any progress */
export function createMessages(
  print: (lines: string) => void,
  verbosity: Verbosity,
  colours: Colours,
): Messages {
  const alert = (text: string) => print(`${colours.yellow('warning:')} ${escapeUnsafe(text)}\n`);
  return {
    error: (text, ...more) => {
      const below = more.filter((line) => line !== undefined).map((line) => `  ${escapeUnsafe(line)}\n`);
      print(`${colours.red('error:')} ${escapeUnsafe(text)}\n${below.join('')}`);
    },
    alert,
    warn: (text) => {
      if (verbosity !== 'quiet') {
        alert(text);
      }
    },
    note: (text) => {
      if (verbosity !== 'quiet') {
        print(`${escapeUnsafe(text)}\n`);
      }
    },
    detail: (text) => {
      if (verbosity === 'verbose') {
        print(`${colours.dim(escapeUnsafe(text))}\n`);
      }
    },
  };
}

/** Says why a command could not run at all; an interruption needs no words. */
export function reportProblem(error: unknown, messages: Messages): void {
  if (error instanceof UsageError) {
    for (const [index, problem] of error.problems.entries()) {
      messages.error(problem, index === error.problems.length - 1 ? error.hint : undefined);
    }
  } else if (error instanceof ConfigError) {
    messages.error(error.message, error.hint);
  } else if (error instanceof ApiError) {
    messages.error(error.message, adviseOn('accounts', error));
  } else if (error instanceof OutputError) {
    messages.error(error.message);
  }
}
