import { basename } from 'node:path';
import ora from 'ora';
import type { ApiError } from '../errors.ts';
import type { Clock, Job, TerminalStream } from '../host.ts';
import type { UploadEvent } from '../upload/event.ts';
import { truncate } from '../words.ts';
import { escapeUnsafe } from './escape.ts';
import { nameOf } from './name-of.ts';
import { formatProgress, formatTimeLeft, type ProgressState } from './progress-line.ts';

/** Shows on a terminal how far a batch is. Other output appears above the progress line. */
export interface Progress {
  onEvent(event: UploadEvent): void;
  stop(): void;
}

/** The files and bytes to send. */
export interface Workload {
  readonly files: number;
  readonly bytes: number;
}

/** The spinner and the space after it, and the last column, which a terminal wraps after. */
const reservedColumns = 3;

/** How often to check whether this job has the terminal: no signal says that it came to the foreground. */
const lookMs = 500;

/** Draws on a terminal while it has a width and this job is in its foreground. */
export function createProgress(
  stderr: TerminalStream,
  workload: Workload,
  {
    server,
    clock,
    job,
    isColoured,
  }: {
    /** The host that the files are sent to. */
    readonly server: string;
    readonly clock: Pick<Clock, 'monotonicMs'>;
    readonly job: Job;
    readonly isColoured: boolean;
  },
): Progress {
  const tracker = new ProgressTracker(workload, server, clock);
  // discardStdin would take Ctrl-C away from us. The text is computed for each frame, so it also changes with time.
  const spinner = ora({
    stream: stderr,
    discardStdin: false,
    isEnabled: true,
    color: isColoured ? 'cyan' : false,
    suffixText: () => formatProgress(tracker.state(), (stderr.columns ?? 0) - reservedColumns),
  });
  const hide = () => {
    if (spinner.isSpinning) {
      spinner.stop();
    }
  };
  const showOrHide = () => {
    // With 0 columns, ora would draw forever.
    if (stderr.columns && job.isForeground()) {
      spinner.start();
    } else {
      hide();
    }
  };
  const look = setInterval(showOrHide, lookMs).unref();
  const stopListening = job.onSuspend(hide);
  stderr.on('resize', showOrHide);
  showOrHide();
  return {
    onEvent: (event) => tracker.onEvent(event),
    stop: () => {
      clearInterval(look);
      stopListening();
      stderr.off('resize', showOrHide);
      hide();
    },
  };
}

/** A wait of the whole batch or of one file. */
interface Wait {
  readonly reason: string;
  /** Where the reason comes from: `503 from api.useapi.net`. */
  readonly source: string;
  readonly until: number;
}

/** Follows the events of a batch. */
class ProgressTracker {
  readonly #server: string;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #startedAt: number;
  readonly #files: number;
  /** Bytes sent by each attempt in flight, by the file's place in the input. */
  readonly #sending = new Map<number, number>();
  /** The files that wait for another attempt. */
  readonly #retrying = new Map<number, Wait>();
  /** The files that are being converted. */
  readonly #fitting = new Map<number, { readonly path: string; readonly share: number }>();
  #pause: Wait | undefined;
  #bytes: number;
  #settledFiles = 0;
  #arrivedBytes = 0;

  constructor({ files, bytes }: Workload, server: string, clock: Pick<Clock, 'monotonicMs'>) {
    this.#files = files;
    this.#bytes = bytes;
    this.#server = server;
    this.#clock = clock;
    this.#startedAt = clock.monotonicMs();
  }

  onEvent(event: UploadEvent): void {
    switch (event.type) {
      case 'files-checked':
      case 'batch-slowed':
      case 'host-unreachable':
      case 'batch-ended':
      case 'fit-doubt':
        break;
      case 'fitting':
        this.#fitting.set(event.index, event);
        break;
      case 'fitted':
        this.#fitting.delete(event.index);
        break;
      case 'attempt-started':
        this.#retrying.delete(event.index);
        this.#sending.set(event.index, 0);
        break;
      case 'bytes-sent':
        this.#sending.set(event.index, (this.#sending.get(event.index) ?? 0) + event.bytes);
        break;
      case 'attempt-failed':
        this.#sending.delete(event.index);
        if (event.retryInMs !== undefined) {
          this.#retrying.set(event.index, {
            ...this.#describe(event.error),
            until: this.#clock.monotonicMs() + event.retryInMs,
          });
        }
        break;
      case 'batch-paused':
        this.#pause = {
          reason: 'server busy',
          source: `429 from ${this.#server}`,
          until: this.#clock.monotonicMs() + event.delayMs,
        };
        break;
      case 'file-settled':
        this.#fitting.delete(event.index);
        this.#sending.delete(event.index);
        this.#retrying.delete(event.index);
        this.#settledFiles += 1;
        if (event.outcome.status === 'uploaded') {
          this.#arrivedBytes += event.sizeBytes;
        } else {
          // They will not be sent any more.
          this.#bytes -= event.sizeBytes;
        }
        break;
      default:
        event satisfies never;
    }
  }

  /** How far the batch is at this moment. */
  state(): ProgressState {
    const inFlight = [...this.#sending.values()].reduce((sum, sent) => sum + sent, 0);
    const isStopped = this.#sending.size === 0 && (this.#isPaused() || this.#retrying.size > 0);
    return {
      settledFiles: this.#settledFiles,
      files: this.#files,
      sentBytes: this.#arrivedBytes + inFlight,
      bytes: this.#bytes,
      elapsedMs: this.#clock.monotonicMs() - this.#startedAt,
      waiting: isStopped ? this.#describeStop() : this.#describeRetries(),
      isStopped,
    };
  }

  #isPaused(): boolean {
    return this.#leftMs(this.#pause) > 0;
  }

  #leftMs(wait: Wait | undefined): number {
    return wait === undefined ? 0 : wait.until - this.#clock.monotonicMs();
  }

  /** Nothing is in flight: describes what the batch waits for, and how long. */
  #describeStop(): readonly string[] {
    const [nextRetry] = [...this.#retrying.values()].toSorted((a, b) => a.until - b.until);
    const wait = this.#isPaused() ? this.#pause : nextRetry;
    const leftMs = this.#leftMs(wait);
    if (wait === undefined || leftMs <= 0) {
      return [];
    }
    const text = `${wait.reason}, resuming in ${formatTimeLeft(leftMs)}`;
    return [`${text} (${wait.source})`, text];
  }

  /** Others are in flight: how many files wait for another attempt, and why the last of them does. */
  #describeRetries(): readonly string[] {
    const last = [...this.#retrying.values()].at(-1);
    if (last === undefined) {
      return this.#describeFitting();
    }
    const text = `${this.#retrying.size} to retry`;
    return [`${text} (${last.source})`, text];
  }

  #describeFitting(): readonly string[] {
    const [first] = this.#fitting.values();
    return first === undefined
      ? []
      : [
          `fitting ${truncate(escapeUnsafe(basename(nameOf(first))), maxNameLength)} ${Math.floor(first.share * 100)}%`,
        ];
  }

  #describe({ code, httpStatus }: ApiError): Pick<Wait, 'reason' | 'source'> {
    switch (code) {
      case 'network':
        return { reason: 'connection lost', source: `network error at ${this.#server}` };
      case 'timeout':
        return { reason: 'no answer in time', source: `timeout at ${this.#server}` };
      default:
        return { reason: 'server trouble', source: `${httpStatus ?? code} from ${this.#server}` };
    }
  }
}

const maxNameLength = 24;
