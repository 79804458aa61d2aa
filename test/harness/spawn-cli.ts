import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));

/** A run of the built command in a process of its own. */
export interface SpawnedCli {
  readonly process: ChildProcessWithoutNullStreams;
  /** Standard output so far. */
  stdout(): string;
  /** Standard error so far. */
  stderr(): string;
  /** Resolves when the stream contains the text `times` times; rejects when the process ends before that. */
  waitFor(stream: 'stdout' | 'stderr', text: string, times?: number): Promise<void>;
  /** How it ended: the code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts the built command, with only PATH from the environment of this process. */
export function spawnCli(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    /** Shell commands that set the process up, such as its limits. */
    readonly shell?: string;
  } = {},
): SpawnedCli {
  const argv = [process.execPath, command, ...args];
  const [program, ...rest] =
    options.shell === undefined ? argv : ['/bin/sh', '-c', `${options.shell}; exec "$@"`, 'sh', ...argv];
  const child = spawn(program!, rest, {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...options.env },
    cwd: options.cwd,
  });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      texts[stream] += chunk;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    process: child,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    ended,
    waitFor: async (stream, text, times = 1) => {
      const isThere = () => texts[stream].split(text).length > times;
      while (!isThere()) {
        const last = await Promise.race([once(child[stream], 'data').then(() => 'more'), ended]);
        if (last !== 'more' && !isThere()) {
          throw new Error(
            `the process ended with ${last} before ${text} came on ${stream}: ${texts[stream]}`,
          );
        }
      }
    },
  };
}
