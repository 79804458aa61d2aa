import type { RequestKind } from './client/http-error.ts';
import { isOutOfHandles } from './errno.ts';
import { FileError, type UploadError, type UploadErrorCode } from './errors.ts';
import { formatSource, type Source } from './settings/source.ts';
import { listNames } from './words.ts';

/** Context that makes the advice more precise. */
export interface Circumstances {
  /** Where the token came from. */
  readonly tokenSource?: Source | undefined;
  /** The accounts that the token has, `REGION:email`. */
  readonly accounts?: readonly string[] | undefined;
}

type Advice = string | undefined | ((circumstances: Circumstances) => string);

const uploadAdvice: Readonly<Record<UploadErrorCode, Advice>> = {
  unreadable: 'Check that the file exists and that you may read it.',
  not_a_file: 'Name a regular file; use -r for a folder and - for standard input.',
  empty: 'The file has no content; export it again.',
  unsupported_type: 'Convert it to an accepted type; renaming it does not help.',
  too_large: 'Scale it down or compress it more, then upload the smaller file.',
  damaged: 'Copy, download or export it again.',
  bad_duration: 'Trim it, or use a longer one.',
  bad_dimensions: 'Scale it.',
  cannot_fit: 'Convert it with another program, or leave it out.',
  changed: 'Upload it again when no other program writes to it.',
  unauthorized: ({ tokenSource }) => adviseOnToken(tokenSource),
  payment_required: 'Renew the useapi.net subscription or add credits, then run the same command again.',
  account_not_found: ({ accounts }) => adviseOnAccount(accounts),
  session_expired: 'Add the account again at useapi.net (POST /accounts), then run the same command again.',
  rate_limited: 'Try again later, or with a smaller --concurrency.',
  rejected: undefined,
  server_error: 'The service has a problem; try again later.',
  network: 'Check the connection, the proxy and the apiUrl.',
  timeout: 'Allow each attempt more time with --timeout, or send fewer files at once with -c.',
  bad_response: 'Check that apiUrl points at the Dreamina API; the API may have changed its response format.',
};

const accountsAdvice: Partial<Record<UploadErrorCode, Advice>> = {
  account_not_found: 'Check that apiUrl points at the Dreamina API.',
  rate_limited: 'Try again later.',
  timeout: 'Check the connection and the proxy, or allow more time with DREAMINA_TIMEOUT.',
};

/** Advice on a failure; undefined if the user can do nothing about it. */
export function adviseOn(
  kind: RequestKind,
  error: UploadError,
  circumstances: Circumstances = {},
): string | undefined {
  const { code, hint } = error;
  if (hint !== undefined) {
    return error instanceof FileError && error.fittable ? `${hint} Or let --fit do it.` : hint;
  }
  if (isOutOfHandles(error)) {
    return 'Raise the limit on open files (ulimit -n 4096), or send fewer files at once with -c.';
  }
  const advice = (kind === 'accounts' ? accountsAdvice[code] : undefined) ?? uploadAdvice[code];
  return typeof advice === 'function' ? advice(circumstances) : advice;
}

function adviseOnToken(source: Source | undefined): string {
  const copy = 'Copy the whole token again from your useapi.net account';
  switch (source?.kind) {
    case undefined:
    case 'default':
    case 'login':
    case 'options':
      return `${copy}.`;
    case 'flag':
    case 'environment':
      return `The token is from ${formatSource(source)}. ${copy} into it.`;
    case 'config-file':
    case 'project':
      return `The token is from ${formatSource(source)}. ${copy} into that file.`;
    case 'user':
      return `The token is from ${formatSource(source)}. ${copy} and give it to \`dreamina login\`.`;
  }
}

/** Advice if the token has no accounts. */
export const noAccountAdvice =
  'No account is configured under this token; add one at useapi.net (POST /accounts).';

function adviseOnAccount(accounts: readonly string[] | undefined): string {
  if (accounts === undefined) {
    return 'Check --account: it must be configured under this token at useapi.net. If it is, check apiUrl.';
  }
  return accounts.length === 0
    ? noAccountAdvice
    : `The accounts of this token: ${listNames(accounts)}. Give one of them with -a.`;
}
