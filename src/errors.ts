/** What an error may carry besides its message. */
interface ErrorDetails {
  /** Advice for the user. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** An error that the user can do something about. */
abstract class AdvisedError extends Error {
  /** Advice for the user. */
  readonly hint: string | undefined;

  constructor(message: string, { hint, cause }: ErrorDetails = {}) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** The command line is invalid; nothing was sent. */
export class UsageError extends AdvisedError {
  override readonly name = 'UsageError';
  /** One sentence each; the message joins them. */
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[], details?: ErrorDetails) {
    const all = [problems].flat();
    super(all.join('\n'), details);
    this.problems = all;
  }
}

/** A setting is missing, invalid or not trusted. */
export class ConfigError extends AdvisedError {
  override readonly name = 'ConfigError';
}

/** Standard output cannot be written, for example on a full disk. A closed pipe is an {@link Interruption}. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  constructor(reason: string) {
    super(`standard output cannot be written: ${reason}`);
  }
}

/** A signal or a closed standard output ended the run. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  override readonly cause: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'stdout-closed';

  constructor(cause: Interruption['cause']) {
    super(`interrupted: ${cause}`);
    this.cause = cause;
  }
}

/** Why a file cannot be sent. */
export type FileErrorCode =
  | 'unreadable'
  | 'not_a_file'
  | 'empty'
  | 'unsupported_type'
  | 'too_large'
  | 'damaged'
  | 'bad_duration'
  | 'bad_dimensions'
  | 'cannot_fit'
  | 'changed';

/** Why a request to the API failed. */
export type ApiErrorCode =
  | 'unauthorized'
  | 'payment_required'
  | 'account_not_found'
  | 'session_expired'
  | 'rate_limited'
  | 'rejected'
  | 'server_error'
  | 'network'
  | 'timeout'
  | 'bad_response';

/** The kind of a failure, as a record's `error.code` shows it. */
export type UploadErrorCode = FileErrorCode | ApiErrorCode;

/**
 * Why a file has no reference: a {@link FileError} or an {@link ApiError}. Its `hint` is for this failure alone;
 * `adviseOn` has the advice for its code.
 */
export abstract class UploadError extends AdvisedError {
  abstract readonly code: UploadErrorCode;
  /** Whether the same upload may succeed later. */
  abstract readonly retryable: boolean;
}

interface FileErrorDetails extends ErrorDetails {
  /** Default: false. */
  readonly fittable?: boolean | undefined;
}

/** A file cannot be sent, to any server. */
export class FileError extends UploadError {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;
  readonly retryable = false;
  /** Whether a conversion may fix it. */
  readonly fittable: boolean;

  constructor(code: FileErrorCode, message: string, details: FileErrorDetails = {}) {
    super(message, details);
    this.code = code;
    this.fittable = details.fittable ?? false;
  }
}

interface ApiErrorDetails extends ErrorDetails {
  /** Default: whether failures of this code are usually temporary. */
  readonly retryable?: boolean;
  /** Present only if an answer arrived. */
  readonly httpStatus?: number | undefined;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Default: false. */
  readonly isUnreachable?: boolean;
}

/** A request to the API failed, whatever it asked for. */
export class ApiError extends UploadError {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly retryable: boolean;
  readonly httpStatus: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** Whether the host could not be reached: its name is unknown, it refuses connections, or there is no route to it. */
  readonly isUnreachable: boolean;

  constructor(code: ApiErrorCode, message: string, details: ApiErrorDetails = {}) {
    super(message, details);
    this.code = code;
    this.retryable = details.retryable ?? ['rate_limited', 'network', 'timeout'].includes(code);
    this.httpStatus = details.httpStatus;
    this.retryAfterMs = details.retryAfterMs;
    this.isUnreachable = details.isUnreachable ?? false;
  }

  /** A copy of this error with its own advice. */
  withHint(hint: string | undefined): ApiError {
    return new ApiError(this.code, this.message, { ...this, cause: this.cause, hint });
  }
}

/** Whether every later request with the same token and account would fail in the same way. */
export function isFatal(code: UploadErrorCode): boolean {
  return ['unauthorized', 'payment_required', 'account_not_found', 'session_expired'].includes(code);
}
