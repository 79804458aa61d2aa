import { isFatal } from './errors.ts';
import { Interruption } from './host.ts';
import { hasReference, type UploadRecord } from './upload/record.ts';

/** What the exit code of a command says. */
export const exitCodes = {
  /** Every file has a reference. */
  all: 0,
  /** None has one. */
  none: 1,
  /** The command line makes no sense; nothing was sent. */
  usage: 2,
  /** Some have one, some have not. */
  some: 3,
  /** Token, account or config: missing, refused, expired. */
  config: 4,
} as const;

/** The exit code of a command that a signal ended: 128 and the number of the signal. */
export const signalExitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** What a batch has come to so far, for its exit code. */
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

  /** @param signal the run's, aborted where it was interrupted */
  exitCode(signal: AbortSignal): number {
    if (signal.reason instanceof Interruption && signal.reason.cause !== 'stdout-closed') {
      return signalExitCodes[signal.reason.cause];
    }
    if (this.#fatal) {
      return exitCodes.config;
    }
    if (this.#bad === 0) {
      return exitCodes.all;
    }
    return this.#good === 0 ? exitCodes.none : exitCodes.some;
  }
}
