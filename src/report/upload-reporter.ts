import { groupDigits } from '../group-digits.ts';
import type { UploadEvent } from '../upload/event.ts';
import { type FailedRecord, hasReference, type UploadRecord } from '../upload/record.ts';
import { describeRatioMismatch } from './aspect-ratio.ts';
import type { Messages } from './messages.ts';
import type { ResultFormat, ResultWriter } from './result-writer.ts';
import { formatBytes, formatDuration } from './units.ts';

/** How many failures of one kind are told one by one. */
const mostToldAtOnce = 10;

const summaryOrder = ['uploaded', 'reused', 'valid', 'failed', 'cancelled'] as const;

/** Tells what a batch does: its results on standard output, all the rest on standard error. */
export class UploadReporter {
  readonly #results: ResultWriter;
  readonly #messages: Messages;
  readonly #format: ResultFormat;
  readonly #destination: string;
  readonly #counts = new Map<UploadRecord['status'], number>();
  readonly #hints = new Set<string>();
  /** The names of the files that failed, by what is wrong with them. */
  readonly #failures = new Map<string, string[]>();
  readonly #frames: UploadRecord[] = [];
  #sentBytes = 0;
  #retries = 0;

  /** @param destination the `apiUrl` that uploads go to, for the verbose */
  constructor(results: ResultWriter, messages: Messages, format: ResultFormat, destination: string) {
    this.#results = results;
    this.#messages = messages;
    this.#format = format;
    this.#destination = destination;
  }

  /** To be called for each record, in input order. */
  async record(record: UploadRecord): Promise<void> {
    this.#counts.set(record.status, (this.#counts.get(record.status) ?? 0) + 1);
    if (record.status === 'failed') {
      this.#fail(nameOf(record), record.error);
    }
    if (hasReference(record)) {
      for (const warning of record.warnings ?? []) {
        this.#messages.warn(`${nameOf(record)}: ${warning}`);
      }
    }
    if (this.#format === 'frames') {
      this.#frames.push(record);
    }
    await this.#results.write(record);
  }

  /** To be called once, after the last record. */
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

  /** To be called for each event of the engine; the verbose see most of them. */
  onEvent(event: UploadEvent): void {
    switch (event.type) {
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
      case 'bytes-sent':
        break;
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
    }
  }

  #endFrames(): void {
    const mismatch = describeRatioMismatch(this.#frames);
    if (mismatch !== undefined) {
      this.#messages.warn(mismatch);
    }
    const good = this.#frames.filter(hasReference);
    if (good.length > 0 && good.length < this.#frames.length) {
      // The one format that keeps references back must not lose them.
      this.#messages.warn('no frames are printed, because not every file has a reference; those that have:');
      for (const record of good) {
        this.#messages.warn(`${nameOf(record)}: ${record.imageRef}`);
      }
    }
  }

  /** The first of a kind are told as they come, with the advice once; the rest wait to be told together. */
  #fail(path: string, { message, hint }: FailedRecord['error']): void {
    const advice = hint === undefined || this.#hints.has(hint) ? undefined : hint;
    this.#hints.add(hint ?? '');
    const paths = this.#failures.get(message) ?? [];
    this.#failures.set(message, paths);
    paths.push(path);
    if (paths.length <= mostToldAtOnce) {
      this.#messages.error(`${path}: ${message}`, advice);
    }
  }

  #endFailures(): void {
    for (const [message, paths] of this.#failures) {
      const rest = paths.slice(mostToldAtOnce);
      if (rest.length > 0) {
        this.#messages.error(`${groupDigits(rest.length)} more: ${message}`, ...rest);
      }
    }
  }
}

function nameOf({ path }: Pick<UploadRecord, 'path'>): string {
  return path === '-' ? 'standard input' : path;
}
