import type { Secrets } from './secrets.ts';

/** Everything the program takes from the world around it. `main.ts` builds the real one; a test builds its own. */
export interface Host {
  readonly env: Environment;
  /** Absolute; relative paths are read from here. Undefined where it is gone: deleted, or out of reach. */
  readonly cwd: string | undefined;
  /** Empty where there is none. */
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
  /** Where temporary files belong; absolute. */
  readonly tempDir: string;
  /** The effective user's id; undefined on Windows. */
  readonly userId: number | undefined;
  /** Processors that this process may use. */
  readonly cores: number;
  /** Such as `v24.1.0`. */
  readonly nodeVersion: string;
  /** The file that was started, perhaps through a symbolic link; undefined where there is none. */
  readonly scriptPath: string | undefined;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  /** What must not be printed, as it becomes known. */
  readonly secrets: Secrets;
  /** Loads what the shell does with this process; only what draws on the terminal asks. */
  readonly loadJob: () => Promise<Job>;
  /** Aborted by the first signal or a closed standard output; its reason is then an `Interruption`. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that may be a terminal; `columns` is its width in characters, 0 where it does not know. */
export type TerminalStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** The pipeline that a shell has started with this process in it. */
export interface Job {
  /** Whether it has the terminal, which a job that was started with `&` has not. */
  isForeground(): boolean;
  /** Whether a filter that reads standard output, such as `| tee`, prints on the terminal of standard error. */
  hasFilterOnTerminal(): boolean;
  /** Calls `listener` before Ctrl-Z stops the process. Returns what ends that. */
  onSuspend(listener: () => void): () => void;
}

export interface Clock {
  /** The date, in milliseconds since the Unix epoch. For dates only: it may be set back or forward at any time. */
  epochMs(): number;
  /** Milliseconds since some moment; never goes back. For waits and durations. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` is aborted; never rejects. Keeps the process alive meanwhile. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
