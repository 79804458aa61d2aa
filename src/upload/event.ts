import type { ApiError } from '../errors.ts';
import type { Outcome } from './record.ts';

/** What happens while a batch runs. */
export type UploadEvent =
  | FilesChecked
  | FitDoubt
  | Fitting
  | Fitted
  | AttemptStarted
  | BytesSent
  | AttemptFailed
  | BatchPaused
  | BatchSlowed
  | HostUnreachable
  | BatchEnded
  | FileSettled;

/** The file that an event is about. */
interface OfFile {
  /** Its first place in the input, from 0: two inputs may share a path, such as two frames of one video. */
  readonly index: number;
  readonly path: string;
}

/** Every file has been checked; the accepted ones are about to be sent. */
interface FilesChecked {
  readonly type: 'files-checked';
  /** The number of accepted files; one that is named several times counts once. */
  readonly files: number;
  readonly bytes: number;
}

/** A file is sent unchanged, although a missing tool might have found a reason to convert it. */
interface FitDoubt extends OfFile {
  readonly type: 'fit-doubt';
  readonly reason: string;
}

/** A file is being converted. */
interface Fitting extends OfFile {
  readonly type: 'fitting';
  /** The completed fraction, from 0 to 1. */
  readonly share: number;
}

/** A file was converted. */
interface Fitted extends OfFile {
  readonly type: 'fitted';
  /** The changes, for people. */
  readonly fitted: readonly string[];
  /** The path of a kept copy of the converted file, if there is one. */
  readonly keptPath: string | undefined;
}

/** A request starts. */
interface AttemptStarted extends OfFile {
  readonly type: 'attempt-started';
  /** From 1. */
  readonly attempt: number;
  readonly sizeBytes: number;
}

/** A part of an attempt's body has left this process. */
interface BytesSent extends OfFile {
  readonly type: 'bytes-sent';
  /** Since the last event of this kind. */
  readonly bytes: number;
}

/** A request has failed. */
interface AttemptFailed extends OfFile {
  readonly type: 'attempt-failed';
  readonly attempt: number;
  readonly error: ApiError;
  /** The wait before the next attempt; undefined if no attempt follows. */
  readonly retryInMs: number | undefined;
}

/** The server is at capacity, and the whole batch waits. */
interface BatchPaused {
  readonly type: 'batch-paused';
  readonly delayMs: number;
}

/** Fewer uploads are in flight from now on: an attempt timed out, or too many files and connections are open. */
interface BatchSlowed {
  readonly type: 'batch-slowed';
  readonly concurrency: number;
}

/** The host is unknown or refuses connections, and the batch waits for it. Comes once for each such outage. */
interface HostUnreachable {
  readonly type: 'host-unreachable';
  readonly error: ApiError;
  /** Retries left for the file that met it. */
  readonly retries: number;
}

/** Nothing more is sent: a file's retries are exhausted, and no other file reached the host during them. */
interface BatchEnded {
  readonly type: 'batch-ended';
  readonly error: ApiError;
}

/** A file has its outcome. These come in the order of settling, not of the input. */
interface FileSettled extends OfFile {
  readonly type: 'file-settled';
  readonly sizeBytes: number;
  readonly outcome: Outcome;
}
