import { isFatal } from '../../errors.ts';
import { exitCodeOfInterruption, exitCodes, isInterrupted } from '../../exit-code.ts';
import { hasReference, type UploadRecord } from '../../upload/record.ts';

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
