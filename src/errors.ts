/** The command line asks for something that does not make sense; nothing was sent. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A setting is missing, wrong or not to be trusted. Exit code 4. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** What the person can do about it. */
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}
