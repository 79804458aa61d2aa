import { formatBytes, formatDuration, groupDigits } from '../units.ts';
import type { UploadEvent } from '../upload/event.ts';
import { type FailedRecord, hasReference, type UploadRecord } from '../upload/record.ts';
import { describeRatioMismatch } from './aspect-ratio.ts';
import type { Messages } from './messages.ts';
import type { ResultFormat, ResultWriter } from './result-writer.ts';

/** How many failures of one kind are listed as they come. */
const maxListedFailures = 10;

const summaryOrder = ['uploaded', 'reused', 'valid', 'failed', 'cancelled'] as const;

/** Reports what a batch does: results on standard output, the rest on standard error. */
export class UploadReporter {
  readonly #results: ResultWriter;
  readonly #messages: Messages;
  readonly #format: ResultFormat;
  readonly #destination: string;
  readonly #counts = new Map<UploadRecord['status'], number>();
  readonly #hints = new Set<string>();
  /** The names of the files that failed, by message. */
  readonly #failures = new Map<string, string[]>();
  readonly #frames: UploadRecord[] = [];
  #sentBytes = 0;
  #retries = 0;

  /** @param destination the `apiUrl` that uploads go to, shown by --verbose */
  constructor(results: ResultWriter, messages: Messages, format: ResultFormat, destination: string) {
    this.#results = results;
    this.#messages = messages;
    this.#format = format;
    this.#destination = destination;
  }

  /** Call for each record, in input order. */
  async record(record: UploadRecord): Promise<void> {
    this.#counts.set(record.status, (this.#counts.get(record.status) ?? 0) + 1);
    if (record.status === 'failed') {
      this.#fail(nameOf(record), record.error);
    }
    if (hasReference(record)) {
      for (const warning of record.warnings ?? []) {
        this.#messages.alert(`${nameOf(record)}: ${warning}`);
      }
    }
    if (this.#format === 'frames') {
      this.#frames.push(record);
    }
    await this.#results.write(record);
  }

  /** Call once, after the last record. */
  async end(durationMs: number): Promise<void> {
    this.#endFrames();
    await this.#results.end();
    this.#endFailures();
    const counts = summaryOrder
      .filter((status) => this.#counts.has(status))
      .map((status) => `${groupDigits(this.#counts.get(status)!)} ${status}`);
    const facts = [
      this.#sentBytes > 0 && `${formatBytes(this.#sentBytes)} in ${formatDuration(durationMs)}`,
      this.#retries > 0 && `${this.#retries} ${this.#retries === 1 ? 'retry' : 'retries'}`,
    ].filter((fact) => fact !== false);
    this.#messages.note(`${counts.join(', ')}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`);
  }

  /** Call for each event; --verbose shows most of them. */
  onEvent(event: UploadEvent): void {
    switch (event.type) {
      case 'files-checked':
      case 'bytes-sent':
        break;
      case 'attempt-started':
        this.#messages.detail(
          `${event.path}: sending ${formatBytes(event.sizeBytes)} to ${this.#destination}, try ${event.attempt}`,
        );
        break;
      case 'attempt-failed': {
        this.#retries += event.retryInMs === undefined ? 0 : 1;
        const next = event.retryInMs === undefined ? '' : `; next try in ${formatDuration(event.retryInMs)}`;
        this.#messages.detail(`${event.path}: ${event.error.message}${next}`);
        break;
      }
      case 'batch-paused':
        this.#messages.detail(
          `the server is at capacity: nothing is sent for ${formatDuration(event.delayMs)}`,
        );
        break;
      case 'file-settled':
        if (event.outcome.status === 'uploaded') {
          this.#sentBytes += event.outcome.size;
          this.#messages.detail(`${event.path}: uploaded in ${formatDuration(event.outcome.durationMs)}`);
        }
        break;
      default:
        event satisfies never;
    }
  }

  #endFrames(): void {
    const mismatch = describeRatioMismatch(this.#frames);
    if (mismatch !== undefined) {
      this.#messages.warn(mismatch);
    }
    const good = this.#frames.filter(hasReference);
    if (good.length > 0 && good.length < this.#frames.length) {
      // This is the one format that may print no reference; none may be lost.
      this.#messages.warn('no frames were printed, because not every file has a reference; these have one:');
      for (const record of good) {
        this.#messages.warn(`${nameOf(record)}: ${record.imageRef}`);
      }
    }
  }

  /** Lists the first failures of a kind as they come, with their advice once; the rest are listed at the end. */
  #fail(path: string, { message, hint }: FailedRecord['error']): void {
    const advice = hint === undefined || this.#hints.has(hint) ? undefined : hint;
    this.#hints.add(hint ?? '');
    const paths = this.#failures.get(message) ?? [];
    this.#failures.set(message, paths);
    paths.push(path);
    if (paths.length <= maxListedFailures) {
      this.#messages.error(`${path}: ${message}`, advice);
    }
  }

  #endFailures(): void {
    for (const [message, paths] of this.#failures) {
      const rest = paths.slice(maxListedFailures);
      if (rest.length > 0) {
        this.#messages.error(`${groupDigits(rest.length)} more: ${message}`, ...rest);
      }
    }
  }
}

function nameOf({ path }: Pick<UploadRecord, 'path'>): string {
  return path === '-' ? 'standard input' : path;
}
