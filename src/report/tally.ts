import { isFatal } from '../errors.ts';
import { exitCodeOfInterruption, exitCodes, isInterrupted } from '../exit-code.ts';
import type { UploadRecord } from '../upload/record.ts';
import { groupDigits } from '../words.ts';

type Status = UploadRecord['status'];

const order = ['uploaded', 'reused', 'valid', 'failed', 'cancelled'] as const satisfies readonly Status[];

/** Counts the records of a batch by their status, for its summary and its exit code. */
export class Tally {
  readonly #counts = new Map<Status, number>();
  #hasFatal = false;

  add(record: UploadRecord): void {
    this.#counts.set(record.status, this.of(record.status) + 1);
    this.#hasFatal ||= record.status === 'failed' && isFatal(record.error.code);
  }

  /** The records with one of these statuses. */
  of(...statuses: readonly Status[]): number {
    return statuses.reduce((sum, status) => sum + (this.#counts.get(status) ?? 0), 0);
  }

  /** All records. */
  get total(): number {
    return this.of(...order);
  }

  /** For people: `3 uploaded, 1 failed`. */
  format(): string {
    return order
      .filter((status) => this.of(status) > 0)
      .map((status) => `${groupDigits(this.of(status))} ${status}`)
      .join(', ');
  }

  /** @param signal the run's signal, aborted if the run was interrupted */
  exitCode(signal: AbortSignal): number {
    if (isInterrupted(signal)) {
      return exitCodeOfInterruption(signal.reason);
    }
    if (this.#hasFatal) {
      return exitCodes.config;
    }
    if (this.of('failed', 'cancelled') === 0) {
      return exitCodes.success;
    }
    return this.of('uploaded', 'reused', 'valid') === 0 ? exitCodes.failure : exitCodes.partial;
  }
}
