import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { OutputError } from '../errors.ts';
import type { UploadEvent } from '../upload/event.ts';
import { type FailedRecord, hasReference, type UploadRecord } from '../upload/record.ts';
import { groupDigits } from '../words.ts';
import { describeRatioMismatch } from './aspect-ratio.ts';
import type { Messages } from './messages.ts';
import { nameOf } from './name-of.ts';
import { promptNames } from './request-object.ts';
import { isRequestFormat, type ResultFormat } from './result-formats.ts';
import type { ResultWriter } from './result-writer.ts';
import { Tally } from './tally.ts';

/** How many failures of one kind are listed as they come. */
const maxListedFailures = 10;

/** How many more of that kind are listed at the end. */
const maxListedAtEnd = 1000;

/** How to continue after an interruption before the first upload. */
export const interruptedBeforeAny = 'Interrupted before any file was uploaded. Run the same command again.';

/** Reports what a batch does: results on standard output, the rest on standard error. */
export class UploadReporter {
  readonly #format: ResultFormat;
  readonly #results: ResultWriter;
  readonly #messages: Messages;
  readonly #destination: string;
  /** Of the records so far. */
  readonly tally = new Tally();
  readonly #hints = new Set<string>();
  /** The names of the files that failed, by message. */
  readonly #failures = new Map<string, string[]>();
  /** Kept only for a format that prints one object. */
  readonly #kept: UploadRecord[] = [];
  readonly #outputFailure = new AbortController();
  /** Aborted once standard output cannot be written; each reference is then on standard error. */
  readonly outputFailure = this.#outputFailure.signal;
  #isPrinting = true;
  #sentBytes = 0;
  #retries = 0;

  /** @param destination the `apiUrl` that uploads go to, shown by --verbose */
  constructor(format: ResultFormat, results: ResultWriter, messages: Messages, destination: string) {
    this.#format = format;
    this.#results = results;
    this.#messages = messages;
    this.#destination = destination;
  }

  /** Call for all records, in input order; if `isLate`, a slow reader of standard output gets no more time. */
  async records(records: readonly UploadRecord[], isLate: boolean): Promise<void> {
    for (const record of records) {
      this.#count(record);
    }
    // A request object is printed at the end, and is small.
    if (this.#isPrinting && (!isLate || isRequestFormat(this.#format))) {
      await this.#write(() => this.#results.write(records), records);
      return;
    }
    await this.#endResults();
    this.#tellUnprinted(records);
  }

  async #endResults(): Promise<void> {
    if (this.#isPrinting) {
      this.#isPrinting = false;
      await this.#write(() => this.#results.end(this.#kept), this.#kept);
    }
  }

  #count(record: UploadRecord): void {
    this.tally.add(record);
    if (record.status === 'failed') {
      this.#fail(nameOf(record), record.error);
    }
    if (record.status === 'valid' && record.fitted !== undefined) {
      this.#messages.note(`${nameOf(record)}: planned: ${record.fitted.join(', ')}`);
    }
    if (hasReference(record)) {
      for (const warning of record.warnings ?? []) {
        this.#messages.alert(`${nameOf(record)}: ${warning}`);
      }
    }
    if (isRequestFormat(this.#format)) {
      this.#kept.push(record);
    }
  }

  /** Writes to standard output. If that fails, the references go to standard error: they may be nowhere else. */
  async #write(write: () => Promise<void>, records: readonly UploadRecord[]): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof OutputError)) {
        throw error;
      }
      this.#isPrinting = false;
      this.#messages.error(error.message);
      this.#outputFailure.abort();
      this.#tellUnprinted(records);
    }
  }

  #tellUnprinted(records: readonly UploadRecord[]): void {
    for (const record of records.filter(hasReference)) {
      this.#messages.error(`not printed: ${nameOf(record)}: ${record.assetRef}`);
    }
  }

  /**
   * Call once, after the last record.
   *
   * @param interrupted whether a signal ended the run, and the manifest as the person named it
   */
  async end(durationMs: number, interrupted?: { readonly manifest: string | undefined }): Promise<void> {
    this.#warnBeforeRequest();
    await this.#endResults();
    this.#notePromptNames();
    this.#endFailures();
    if (interrupted !== undefined) {
      this.#sayHowToGoOn(interrupted.manifest);
    }
    const facts = [
      this.#sentBytes > 0 && `${prettyBytes(this.#sentBytes)} in ${prettyMilliseconds(durationMs)}`,
      this.#retries > 0 && `${this.#retries} ${this.#retries === 1 ? 'retry' : 'retries'}`,
    ].filter((fact) => fact !== false);
    this.#messages.note(`${this.tally.format()}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`);
  }

  /** Call for each event; --verbose shows most of them. */
  onEvent(event: UploadEvent): void {
    switch (event.type) {
      case 'files-checked':
      case 'bytes-sent':
      case 'fitting':
        break;
      case 'fit-doubt':
        this.#warnOnce(event.reason, event);
        break;
      case 'fitted': {
        const kept = event.keptPath === undefined ? '' : `; kept as ${event.keptPath}`;
        this.#messages.note(`${nameOf(event)}: ${event.fitted.join(', ')}${kept}`);
        break;
      }
      case 'attempt-started':
        this.#retries += event.attempt > 1 ? 1 : 0;
        this.#messages.detail(
          `${nameOf(event)}: sending ${prettyBytes(event.sizeBytes)} to ${this.#destination}, attempt ${event.attempt}`,
        );
        break;
      case 'attempt-failed': {
        const next =
          event.retryInMs === undefined ? '' : `; next attempt in ${prettyMilliseconds(event.retryInMs)}`;
        this.#messages.detail(`${nameOf(event)}: ${event.error.message}${next}`);
        break;
      }
      case 'batch-paused':
        this.#messages.detail(
          `the server is at capacity: nothing is sent for ${prettyMilliseconds(event.delayMs)}`,
        );
        break;
      case 'batch-slowed':
        this.#messages.detail(`sending at most ${event.concurrency} at once`);
        break;
      case 'host-unreachable': {
        const times = event.retries === 1 ? 'once more' : `up to ${event.retries} more times`;
        this.#messages.warn(`${event.error.message}; trying again, ${times}`);
        break;
      }
      case 'batch-ended':
        this.#messages.warn(`${event.error.message} on every attempt; the remaining files are skipped`);
        break;
      case 'file-settled':
        if (event.outcome.status === 'uploaded') {
          this.#sentBytes += event.outcome.size;
          this.#messages.detail(
            `${nameOf(event)}: uploaded in ${prettyMilliseconds(event.outcome.durationMs)}`,
          );
        }
        break;
      default:
        event satisfies never;
    }
  }

  #sayHowToGoOn(manifest: string | undefined): void {
    const left = this.tally.of('cancelled');
    if (left === 0) {
      return;
    }
    if (this.tally.of('uploaded', 'reused') === 0) {
      this.#messages.note(interruptedBeforeAny);
      return;
    }
    const files = this.tally.total;
    const next =
      manifest === undefined
        ? `The same command would send all ${groupDigits(files)} again; with --manifest <file>, a run remembers what it has sent.`
        : `Run the same command again: it skips files that are already in ${manifest}.`;
    this.#messages.note(
      `Interrupted, with ${groupDigits(left)} of ${groupDigits(files)} files left. ${next}`,
    );
  }

  /** Warns of each reason only once: it usually applies to many files. */
  #warnOnce(reason: string, file: { readonly path: string }): void {
    if (!this.#hints.has(reason)) {
      this.#hints.add(reason);
      this.#messages.warn(`${nameOf(file)}: ${reason}`);
    }
  }

  #warnBeforeRequest(): void {
    const mismatch = this.#format === 'frames' ? describeRatioMismatch(this.#kept) : undefined;
    if (mismatch !== undefined) {
      this.#messages.warn(mismatch);
    }
    const good = this.#kept.filter(hasReference);
    if (good.length > 0 && good.length < this.#kept.length) {
      // These formats alone may print no reference; none may be lost.
      this.#messages.warn(
        `no ${this.#format} object was printed, because not every file has a reference; these have one:`,
      );
      for (const record of good) {
        this.#messages.warn(`${nameOf(record)}: ${record.assetRef}`);
      }
    }
  }

  /** Prints the name of each file for the prompt of an omni reference. */
  #notePromptNames(): void {
    const assets = this.#kept.filter(hasReference);
    if (this.#format === 'omni' && assets.length === this.#kept.length) {
      for (const [i, name] of promptNames(assets).entries()) {
        this.#messages.note(`${name}  ${nameOf(assets[i]!)}`);
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
        const unlisted = rest.length - maxListedAtEnd;
        this.#messages.error(
          `${groupDigits(rest.length)} more: ${message}`,
          ...rest.slice(0, maxListedAtEnd),
          unlisted > 0 ? `and ${groupDigits(unlisted)} that are not listed` : undefined,
        );
      }
    }
  }
}
