import type { ApiError } from '../errors.ts';
import type { Outcome } from './record.ts';

/** What happens while a batch runs. */
export type UploadEvent =
  | FilesChecked
  | AttemptStarted
  | BytesSent
  | AttemptFailed
  | BatchPaused
  | FileSettled;

/** Every file has been checked; what is acceptable is about to be sent. */
interface FilesChecked {
  readonly type: 'files-checked';
  /** What is acceptable, each file once however often it is named. */
  readonly files: number;
  readonly bytes: number;
}

/** A request starts. */
interface AttemptStarted {
  readonly type: 'attempt-started';
  readonly path: string;
  /** From 1. */
  readonly attempt: number;
  readonly sizeBytes: number;
}

/** A part of an attempt's body has left this process. */
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
  readonly error: ApiError;
  /** The wait before the next attempt; nothing where no attempt follows. */
  readonly retryInMs: number | undefined;
}

/** The server is at capacity, and the whole batch waits. */
interface BatchPaused {
  readonly type: 'batch-paused';
  readonly delayMs: number;
}

/** A file has its outcome. These come in the order of settling, not of the input. */
interface FileSettled {
  readonly type: 'file-settled';
  readonly path: string;
  readonly sizeBytes: number;
  readonly outcome: Outcome;
}
