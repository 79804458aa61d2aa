import { fileURLToPath } from 'node:url';
import pty from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { onTestFinished } from 'vitest';

const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));

/** A run of the built command in a terminal, as a person sees it. */
export interface Terminal {
  /** The lines of the screen and of what has scrolled away, without the empty ones at the end. */
  lines(): string[];
  /** Everything the program wrote, escape sequences and all. */
  raw(): string;
  /** Resolves with the lines as soon as one matches, wrapped or not; rejects when the program ends without. */
  waitFor(pattern: RegExp): Promise<readonly string[]>;
  /** Types. */
  type(keys: string): void;
  resize(columns: number): void;
  readonly ended: Promise<number>;
}

/** Starts it on a pseudo-terminal of so many columns; 0 is a terminal that does not know its width. */
export function openTerminal(
  args: readonly string[],
  options: { readonly columns: number; readonly env?: Readonly<Record<string, string>> },
): Terminal {
  const columns = options.columns || 80;
  const screen = new xterm.Terminal({ cols: columns, rows: 24, allowProposedApi: true, convertEol: false });
  // No pseudo-terminal can be opened with 0 columns, but one may be told so afterwards.
  const run = options.columns === 0 ? 'stty cols 0; exec "$@"' : 'exec "$@"';
  const child = pty.spawn('/bin/sh', ['-c', run, 'sh', process.execPath, command, ...args], {
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
      screen.resize(wider, 24);
      child.resize(wider, 24);
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
