import { Interruption, isFatal } from './errors.ts';
import { hasReference, type UploadRecord } from './upload/record.ts';

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

/** Counts the outcomes of a batch, for its exit code. */
export class Tally {
  #good = 0;
  #bad = 0;
  #fatal = false;

  add(record: UploadRecord): void {
    if (hasReference(record) || record.status === 'valid') {
      this.#good += 1;
    } else {
      this.#bad += 1;
      this.#fatal ||= record.status === 'failed' && isFatal(record.error.code);
    }
  }

  /** @param signal the run's signal, aborted if the run was interrupted */
  exitCode(signal: AbortSignal): number {
    if (isInterrupted(signal)) {
      return exitCodeOfInterruption(signal.reason);
    }
    if (this.#fatal) {
      return exitCodes.config;
    }
    if (this.#bad === 0) {
      return exitCodes.success;
    }
    return this.#good === 0 ? exitCodes.failure : exitCodes.partial;
  }
}
