/** The command line asks for something that does not make sense; nothing was sent. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** A sentence each; the message is all of them. */
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[]) {
    const all = [problems].flat();
    super(all.join('\n'));
    this.problems = all;
  }
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

/** Standard output cannot be written, as on a full disk; a reader that went away is no such error. Exit code 1. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  /** What was to be printed. */
  readonly unprinted: string;

  constructor(code: string, unprinted: string) {
    super(`standard output cannot be written (${code})`);
    this.unprinted = unprinted;
  }
}

/** What every kind of failed upload means: is another try of any use, and what can the person do? */
const uploadErrorKinds = {
  unreadable: { retryable: false, hint: 'Check that the file is there and that you may read it.' },
  not_a_file: {
    retryable: false,
    hint: 'Name a regular file; use -r for a directory and - for standard input.',
  },
  empty: { retryable: false, hint: 'The file has no content; write or export it again.' },
  unsupported_type: { retryable: false, hint: 'Convert it to JPEG, PNG or WebP; renaming it does not help.' },
  too_large: { retryable: false, hint: 'Scale it down or compress it more, and upload the smaller file.' },
  changed: { retryable: false, hint: 'Upload it again when nothing writes to it any more.' },
  unauthorized: {
    retryable: false,
    hint: 'Copy the token again from your useapi.net account, whole, into DREAMINA_TOKEN or `dreamina login`.',
  },
  payment_required: {
    retryable: false,
    hint: 'Renew the useapi.net subscription or add credits, then run the same command again.',
  },
  account_not_found: {
    retryable: false,
    hint: 'Check --account: it must be configured under this token at useapi.net. Else check apiUrl.',
  },
  session_expired: {
    retryable: false,
    hint: 'Add the account again at useapi.net (POST /accounts), then run the same command again.',
  },
  rate_limited: { retryable: true, hint: 'Try again later, or with a smaller --concurrency.' },
  rejected: { retryable: false, hint: undefined },
  server_error: { retryable: false, hint: 'The service has a problem; try again later.' },
  network: { retryable: true, hint: 'Check the connection, the proxy and the apiUrl.' },
  timeout: { retryable: true, hint: 'Give each try longer with --timeout, or send fewer at once with -c.' },
  bad_response: {
    retryable: false,
    hint: 'Check that apiUrl points at the Dreamina API; its answer may have changed its form.',
  },
} as const satisfies Record<string, { retryable: boolean; hint: string | undefined }>;

/** The kind of a failed upload, as it stands in a record's `error.code`. */
export type UploadErrorCode = keyof typeof uploadErrorKinds;

/** Answers that every further upload of the same token and account would get too. */
const fatalCodes: ReadonlySet<UploadErrorCode> = new Set([
  'unauthorized',
  'payment_required',
  'account_not_found',
  'session_expired',
]);

/** Whether every further upload of the same token and account would fail the same way. */
export function isFatal(code: UploadErrorCode): boolean {
  return fatalCodes.has(code);
}

interface UploadErrorDetails {
  /** Where the kind alone does not decide it. */
  readonly retryable?: boolean;
  readonly hint?: string;
  /** Only where an answer came. */
  readonly httpStatus?: number;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Why one file has no reference. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly code: UploadErrorCode;
  /** Whether the same upload may succeed when tried again. */
  readonly retryable: boolean;
  /** What the person can do about it. */
  readonly hint: string | undefined;
  readonly httpStatus: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: UploadErrorCode, message: string, details: UploadErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? uploadErrorKinds[code].retryable;
    this.hint = details.hint ?? uploadErrorKinds[code].hint;
    this.httpStatus = details.httpStatus;
    this.retryAfterMs = details.retryAfterMs;
  }
}
