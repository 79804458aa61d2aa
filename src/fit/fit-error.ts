/** Why a file cannot be made to fit, as it stands in a record's `error.code`. */
export type FitErrorCode = 'cannot_fit' | 'bad_duration' | 'bad_dimensions' | 'changed' | 'unreadable';

/** Why one file cannot be made to fit. */
export class FitError extends Error {
  override readonly name = 'FitError';
  readonly code: FitErrorCode;
  /** What the person can do about it. */
  readonly hint: string | undefined;

  /** @param message begins with a word like "it", in place of the file's name */
  constructor(
    code: FitErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
