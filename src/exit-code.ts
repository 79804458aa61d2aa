import { Interruption } from './errors.ts';

/** Every exit code of the command, and the only place that writes them as numbers. */
export const exitCodes = {
  /** Every file has a reference, or the command succeeded. */
  success: 0,
  /** No file has a reference, or the service or standard output failed. */
  failure: 1,
  /** The command line is invalid; nothing was sent. */
  usage: 2,
  /** Some files have a reference, some have not. */
  partial: 3,
  /** Token, account or config: missing, refused or expired. */
  config: 4,
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** The exit code of an interrupted run. */
export function exitCodeOfInterruption({ cause }: Interruption): number {
  return cause === 'stdout-closed' ? exitCodes.failure : exitCodes[cause];
}

/** Whether a signal ended the run; a reader that closes the pipe (`| head -1`) does not count. */
export function isInterrupted(
  signal: AbortSignal,
): signal is AbortSignal & { readonly reason: Interruption } {
  return signal.reason instanceof Interruption && signal.reason.cause !== 'stdout-closed';
}
