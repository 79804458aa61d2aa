import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Environment } from '../../host.ts';

/** How a program is run. */
export interface ProgramRun {
  readonly path: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Environment;
  readonly timeoutMs: number;
  /** It is stopped if it prints nothing for this long. */
  readonly stallMs?: number | undefined;
  /** It is stopped if it prints more. */
  readonly maxOutputBytes?: number | undefined;
  readonly onLine: (line: string) => void;
}

/** Why a program did not do its work. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly kind:
    | 'not-started'
    | 'failed'
    | 'unexplained'
    | 'killed'
    | 'timeout'
    | 'stalled'
    | 'too-much-output';
  /** The end of its standard error. */
  readonly stderrTail: string;

  constructor(kind: ProgramError['kind'], stderrTail: string, cause?: unknown) {
    super(`${kind}: ${stderrTail}`, { cause });
    this.kind = kind;
    this.stderrTail = stderrTail;
  }
}

const maxStderrTailBytes = 8192;

/**
 * Runs a program to its end and passes on its output, line by line; returns the end of its standard error. If the run
 * ends early, this stops the program and all of its children at once.
 *
 * @throws ProgramError, or the signal's reason
 */
export async function runProgram(run: ProgramRun, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(run.path, run.args, {
    env: run.env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that it can be stopped with its children, and Ctrl-C reaches only this process.
    detached: true,
    windowsHide: true,
  });
  let stderrTail = '';
  let outputBytes = 0;
  let problem: ProgramError['kind'] | undefined;
  const end = (kind: ProgramError['kind']) => {
    problem ??= kind;
    killGroup(child);
  };
  const onAbort = () => killGroup(child);
  signal.addEventListener('abort', onAbort);
  const timer = setTimeout(end, run.timeoutMs, 'timeout');
  const stallTimer = run.stallMs === undefined ? undefined : setTimeout(end, run.stallMs, 'stalled');
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderrTail = (stderrTail + text).slice(-maxStderrTailBytes);
  });
  child.stdout.on('data', (bytes: Buffer) => {
    outputBytes += bytes.length;
    stallTimer?.refresh();
    if (outputBytes > (run.maxOutputBytes ?? Number.POSITIVE_INFINITY)) {
      end('too-much-output');
    }
  });
  createInterface({ input: child.stdout }).on('line', run.onLine);
  try {
    const [code, killedBy] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', (cause) => reject(new ProgramError('not-started', cause.message, cause)));
      child.once('close', (...outcome) => resolve(outcome));
    });
    signal.throwIfAborted();
    if (problem !== undefined || killedBy !== null || code !== 0) {
      const ended = killedBy !== null ? 'killed' : stderrTail === '' ? 'unexplained' : 'failed';
      throw new ProgramError(problem ?? ended, stderrTail || (killedBy ?? ''));
    }
    return stderrTail;
  } finally {
    clearTimeout(timer);
    clearTimeout(stallTimer);
    signal.removeEventListener('abort', onAbort);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) {
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Windows has no process groups; a group that is gone need not be killed.
    child.kill('SIGKILL');
  }
}
