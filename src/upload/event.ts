import type { ApiError } from '../errors.ts';
import type { Outcome } from './record.ts';

/** What happens while a batch runs. */
export type UploadEvent = BatchEvent | (FileEvent & OfFile);

/** The file that an event is about. */
interface OfFile {
  /** Its first place in the input, from 0: two inputs may share a path, such as two frames of one video. */
  readonly index: number;
  readonly path: string;
}

type BatchEvent =
  /** Every file has been checked; the accepted ones, each counted once, are about to be sent. */
  | { readonly type: 'files-checked'; readonly files: number; readonly bytes: number }
  /** The server is at capacity, and the whole batch waits. */
  | { readonly type: 'batch-paused'; readonly delayMs: number }
  /** Fewer uploads are in flight from now on: an attempt timed out, or too many files and connections are open. */
  | { readonly type: 'batch-slowed'; readonly concurrency: number }
  /**
   * The host is unknown or refuses connections, and the batch waits for it. Comes once for each such outage; `retries`
   * are those left for the file that met it.
   */
  | { readonly type: 'host-unreachable'; readonly error: ApiError; readonly retries: number }
  /** Nothing more is sent: a file's retries are exhausted, and no other file reached the host during them. */
  | { readonly type: 'batch-ended'; readonly error: ApiError };

type FileEvent =
  /** A file is sent unchanged, although a missing tool might have found a reason to convert it. */
  | { readonly type: 'fit-doubt'; readonly reason: string }
  /** A file is being converted; `share` is the completed fraction, from 0 to 1. */
  | { readonly type: 'fitting'; readonly share: number }
  /** A file was converted; `fitted` are the changes, for people, `keptPath` is the path of a copy, if one is kept. */
  | {
      readonly type: 'fitted';
      readonly fitted: readonly string[];
      readonly keptPath: string | undefined;
    }
  /** A request starts; attempts count from 1. */
  | { readonly type: 'attempt-started'; readonly attempt: number; readonly sizeBytes: number }
  /** A part of an attempt's body has left this process: so many bytes since the last event of this kind. */
  | { readonly type: 'bytes-sent'; readonly bytes: number }
  /** A request has failed; `retryInMs` is undefined if no attempt follows. */
  | {
      readonly type: 'attempt-failed';
      readonly attempt: number;
      readonly error: ApiError;
      readonly retryInMs: number | undefined;
    }
  /** A file has its outcome. These come in the order of settling, not of the input. */
  | { readonly type: 'file-settled'; readonly sizeBytes: number; readonly outcome: Outcome };
