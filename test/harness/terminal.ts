import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pty from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { onTestFinished } from 'vitest';

const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));

/** A run of the built command in a terminal, as a person sees it. */
export interface Terminal {
  /** The lines of the screen and of the scrollback, without the empty ones at the end. */
  lines(): string[];
  /** Everything the program wrote, escape sequences and all. */
  raw(): string;
  /** Resolves with the lines as soon as one matches, wrapped or not; rejects when the program ends without. */
  waitFor(pattern: RegExp): Promise<readonly string[]>;
  /** Types. */
  type(keys: string): void;
  /** 0 is a terminal that no longer knows its width. */
  resize(columns: number): void;
  readonly ended: Promise<number>;
}

interface TerminalOptions {
  /** 0 is a terminal that does not know its width. */
  readonly columns: number;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts it on a pseudo-terminal.
 *
 * @param options `shell` is the command line that a shell runs it in; it contains the command as `"$@"`
 */
export function openTerminal(
  args: readonly string[],
  { shell = 'exec "$@"', ...options }: TerminalOptions & { readonly shell?: string },
): Terminal {
  // No pseudo-terminal can be opened with 0 columns, but one can be resized to 0.
  const run = options.columns === 0 ? `stty cols 0; ${shell}` : shell;
  return openProgram(['/bin/sh', '-c', run, 'sh', process.execPath, command, ...args], options);
}

/** Opens an interactive bash, which controls jobs, with the built command as `dreamina`; its prompt is `$ `. */
export function openBash({ env, ...options }: TerminalOptions): Terminal {
  const terminal = openProgram(['bash', '--norc', '--noprofile', '-i'], {
    ...options,
    env: { PS1: '$ ', ...env },
  });
  terminal.type(`dreamina() { '${process.execPath}' '${command}' "$@"; }; clear\r`);
  return terminal;
}

function openProgram(argv: readonly string[], options: TerminalOptions): Terminal {
  const columns = options.columns || 80;
  const screen = new xterm.Terminal({ cols: columns, rows: 24, allowProposedApi: true, convertEol: false });
  const [program, ...args] = argv;
  const child = pty.spawn(program!, args, {
    cols: columns,
    rows: 24,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm-256color', ...options.env },
  });
  onTestFinished(() => child.kill('SIGKILL'));
  let raw = '';
  let onChange = () => {};
  let exitCode: number | undefined;
  child.onData((data) => {
    raw += data;
    screen.write(data, () => onChange());
  });
  const ended = new Promise<number>((resolve) => {
    child.onExit((exit) => {
      // What was written before it ended is on the screen first.
      screen.write('', () => {
        exitCode = exit.exitCode;
        resolve(exit.exitCode);
        onChange();
      });
    });
  });
  const lines = () => {
    const { active } = screen.buffer;
    const all = Array.from({ length: active.length }, (_, i) => active.getLine(i)!.translateToString(true));
    return all.slice(0, all.findLastIndex((line) => line !== '') + 1);
  };
  return {
    lines,
    raw: () => raw,
    ended,
    type: (keys) => child.write(keys),
    resize: (wider) => {
      if (wider === 0) {
        execFileSync('/bin/sh', ['-c', `stty cols 0 </proc/${child.pid}/fd/0`]);
      } else {
        screen.resize(wider, 24);
        child.resize(wider, 24);
      }
    },
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          // Joined, a line that the terminal has wrapped is whole again.
          const now = lines();
          if (now.some((line) => pattern.test(line)) || pattern.test(now.join(''))) {
            resolve(now);
          } else if (exitCode !== undefined) {
            reject(
              new Error(`it ended with ${exitCode} before ${pattern} was to be seen:\n${lines().join('\n')}`),
            );
          }
        };
        onChange = look;
        look();
      }),
  };
}
