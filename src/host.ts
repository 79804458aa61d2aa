import type { Secrets } from './secrets.ts';

/** Everything the program takes from the world around it. `main.ts` builds the real one; a test builds its own. */
export interface Host {
  readonly env: Environment;
  /** Absolute; the base of relative paths. Undefined if the working directory was deleted or is inaccessible. */
  readonly cwd: string | undefined;
  /** Empty if there is none. */
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
  /** The script that was started, perhaps through a symbolic link; undefined if there is none. */
  readonly scriptPath: string | undefined;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  /** The secrets to mask in all output; each is added when it becomes known. */
  readonly secrets: Secrets;
  /** Loads the shell's job that this process is in; needed only to draw on the terminal. */
  readonly loadJob: () => Promise<Job>;
  /** Aborted with an `Interruption` by the first signal or a closed standard output. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The part of the world that conversions need. */
export type Machine = Pick<Host, 'env' | 'platform' | 'tempDir' | 'userId' | 'cores'>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that may be a terminal; `columns` is its width in characters, 0 if unknown. */
export type TerminalStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** The pipeline in which a shell started this process. */
export interface Job {
  /** Whether it is in the foreground, unlike a job started with `&`. */
  isForeground(): boolean;
  /** Whether a filter that reads standard output, such as `| tee`, prints on the terminal of standard error. */
  hasFilterOnTerminal(): boolean;
  /** Calls `listener` before Ctrl-Z stops the process. Returns a function that removes the listener. */
  onSuspend(listener: () => void): () => void;
}

export interface Clock {
  /** The date, in milliseconds since the Unix epoch. For dates only: the clock may be set at any time. */
  epochMs(): number;
  /** Milliseconds since an arbitrary moment; never goes back. For waits and durations. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` is aborted; never rejects. Keeps the process alive until then. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
