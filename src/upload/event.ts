import type { UploadError } from '../errors.ts';
import type { Outcome } from './record.ts';

/** What happens in a batch while it runs, for whoever shows it. */
export type UploadEvent = AttemptStarted | BytesSent | AttemptFailed | BatchPaused | FileSettled;

/** A request goes out. */
interface AttemptStarted {
  readonly type: 'attempt-started';
  readonly path: string;
  /** From 1. */
  readonly attempt: number;
  readonly sizeBytes: number;
}

/** Part of an attempt's body has gone out. */
interface BytesSent {
  readonly type: 'bytes-sent';
  readonly path: string;
  /** Since the last event of this kind. */
  readonly bytes: number;
}

/** A request has failed. */
interface AttemptFailed {
  readonly type: 'attempt-failed';
  readonly path: string;
  readonly attempt: number;
  readonly error: UploadError;
  /** The wait before the next try; undefined where there is none. */
  readonly retryInMs: number | undefined;
}

/** The server is at capacity, and the whole batch waits. */
interface BatchPaused {
  readonly type: 'batch-paused';
  readonly delayMs: number;
}

/** A file has its outcome; these come in the order of settling, not of the input. */
interface FileSettled {
  readonly type: 'file-settled';
  readonly path: string;
  readonly sizeBytes: number;
  readonly outcome: Outcome;
}
