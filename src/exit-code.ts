import { Interruption, isFatal } from './errors.ts';
import { hasReference, type UploadRecord } from './upload/record.ts';

/** Every exit code of the command, and the only place that writes them as numbers. */
export const exitCodes = {
  /** Every file has a reference, or the command did what it was asked. */
  success: 0,
  /** No file has a reference, or the service or standard output failed. */
  failure: 1,
  /** The command line makes no sense; nothing was sent. */
  usage: 2,
  /** Some files have a reference, some have not. */
  partial: 3,
  /** Token, account or config: missing, refused or expired. */
  config: 4,
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** The exit code of a run that was cut short. */
export function exitCodeOfInterruption({ cause }: Interruption): number {
  return cause === 'stdout-closed' ? exitCodes.failure : exitCodes[cause];
}

/** Whether a person or the system ended the run; a reader that has read enough (`| head -1`) does not count. */
export function isInterrupted(
  signal: AbortSignal,
): signal is AbortSignal & { readonly reason: Interruption } {
  return signal.reason instanceof Interruption && signal.reason.cause !== 'stdout-closed';
}

/** Counts what became of the files of a batch, for its exit code. */
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

  /** @param signal the run's signal, aborted where the run was interrupted */
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
