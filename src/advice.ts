import type { UploadError, UploadErrorCode } from './errors.ts';

/** What the program asked the API for, or was about to. */
export type Asked = 'upload' | 'accounts';

const uploadAdvice: Readonly<Record<UploadErrorCode, string | undefined>> = {
  unreadable: 'Check that the file exists and that you may read it.',
  not_a_file: 'Name a regular file; use -r for a directory and - for standard input.',
  empty: 'The file has no content; export it again.',
  unsupported_type: 'Convert it to an accepted type; renaming it does not help.',
  too_large: 'Scale it down or compress it more, then upload the smaller file.',
  damaged: 'Copy, download or export it again.',
  bad_duration: 'Trim it, or use a longer one.',
  bad_dimensions: 'Scale it.',
  cannot_fit: 'Convert it with another program, or leave it out.',
  changed: 'Upload it again when no other program writes to it.',
  unauthorized:
    'Copy the whole token again from your useapi.net account into DREAMINA_TOKEN or `dreamina login`.',
  payment_required: 'Renew the useapi.net subscription or add credits, then run the same command again.',
  account_not_found:
    'Check --account: it must be configured under this token at useapi.net. If it is, check apiUrl.',
  session_expired: 'Add the account again at useapi.net (POST /accounts), then run the same command again.',
  rate_limited: 'Try again later, or with a smaller --concurrency.',
  rejected: undefined,
  server_error: 'The service has a problem; try again later.',
  network: 'Check the connection, the proxy and the apiUrl.',
  timeout: 'Allow each attempt more time with --timeout, or send fewer files at once with -c.',
  bad_response: 'Check that apiUrl points at the Dreamina API; the form of its answer may have changed.',
};

const accountsAdvice: Partial<Record<UploadErrorCode, string>> = {
  unauthorized: 'Copy the whole token again from your useapi.net account and give it to `dreamina login`.',
  account_not_found: 'Check that apiUrl points at the Dreamina API.',
  rate_limited: 'Try again later.',
  timeout: 'Check the connection and the proxy, or allow more time with DREAMINA_TIMEOUT.',
};

/** Says what the person can do about a failure, where anything can be done. */
export function adviseOn(asked: Asked, { code, hint }: UploadError): string | undefined {
  return hint ?? (asked === 'accounts' ? accountsAdvice[code] : undefined) ?? uploadAdvice[code];
}
