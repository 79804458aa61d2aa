import type { UploadRecord } from '../upload/record.ts';
import { groupDigits } from '../words.ts';

const order = ['uploaded', 'reused', 'valid', 'failed', 'cancelled'] as const;

/** Counts records by their status. */
export class StatusCounts {
  readonly #counts = new Map<UploadRecord['status'], number>();

  add({ status }: Pick<UploadRecord, 'status'>): void {
    this.#counts.set(status, this.of(status) + 1);
  }

  of(status: UploadRecord['status']): number {
    return this.#counts.get(status) ?? 0;
  }

  /** All records. */
  get total(): number {
    return order.reduce((sum, status) => sum + this.of(status), 0);
  }

  /** For people: `3 uploaded, 1 failed`. */
  format(): string {
    return order
      .filter((status) => this.of(status) > 0)
      .map((status) => `${groupDigits(this.of(status))} ${status}`)
      .join(', ');
  }
}
