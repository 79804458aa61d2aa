import { ApiError, type ApiErrorCode } from '../errors.ts';
import { type Answer, errorWords, headerOf, parseObject, shorten } from './answer.ts';
import { parseRetryAfter } from './retry-after.ts';

/** What a request asks the API for. */
export type RequestKind = 'upload' | 'accounts';

/** Timeouts, capacity, and the CDN's own 520-527. */
const temporaryStatuses: ReadonlySet<number> = new Set([
  408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527,
]);

/** Whether a status is usually temporary. */
export function isTemporary(status: number): boolean {
  return temporaryStatuses.has(status);
}

/** The error of an answer that is not 2xx, with the server's own words if it has any. */
export function createHttpError(kind: RequestKind, answer: Answer): ApiError {
  const { status } = answer;
  const retryAfterMs = parseRetryAfter(
    headerOf(answer.headers, 'retry-after'),
    headerOf(answer.headers, 'date'),
    answer.receivedAtMs,
  );
  return new ApiError(
    codes[status] ?? (status >= 500 ? 'server_error' : 'rejected'),
    describeHttpError(kind, answer),
    {
      httpStatus: status,
      retryable: isTemporary(status),
      retryAfterMs,
      hint: isRedirect(status) ? 'Redirects are not followed; check apiUrl.' : undefined,
    },
  );
}

/** The error of a 2xx answer that lacks what was sought: a `reference`, or the `accounts`. */
export function createBadResponse(answer: Answer, sought: string): ApiError {
  const isCutOff = wasCutOff(answer);
  const problem = isCutOff
    ? `the answer was cut off before its ${sought}`
    : describeBadResponse(answer, sought);
  return new ApiError('bad_response', `${problem} (HTTP ${answer.status})`, {
    httpStatus: answer.status,
    retryable: isCutOff,
  });
}

const codes: Readonly<Record<number, ApiErrorCode>> = {
  401: 'unauthorized',
  402: 'payment_required',
  404: 'account_not_found',
  429: 'rate_limited',
  596: 'session_expired',
};

/** 304 says that nothing has changed, and the 3xx that are missing here leave the choice to a person. */
function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

const meanings: Readonly<Record<number, string>> = {
  401: 'the token was refused',
  402: 'the subscription has expired or credits are short',
  408: 'the server gave up waiting for the request',
  413: 'the server says the file is too large',
  429: 'the server is at capacity',
  596: "the account's Dreamina session has expired",
};

/** What a 404 means depends on the request. */
const notFound: Readonly<Record<RequestKind, string>> = {
  upload: 'the account was not found',
  accounts: 'there is no list of accounts at this address',
};

function describeHttpError(kind: RequestKind, answer: Answer): string {
  const { status } = answer;
  const meaning = status === 404 ? notFound[kind] : (meanings[status] ?? describeOther(answer));
  const words = errorWords(parseObject(answer.text), answer.redact);
  return `${meaning} (HTTP ${status}${words === undefined ? '' : `: ${words}`})`;
}

function describeOther({ status, headers, redact }: Answer): string {
  if (isRedirect(status)) {
    const location = headerOf(headers, 'location');
    return `the server redirects${location === undefined ? '' : ` to ${shorten(location, redact)}`}`;
  }
  return status >= 500 ? 'the service failed' : 'the server refused it';
}

/**
 * Whether an answer was cut off. Without a Content-Length that raises no error; a JSON object without an end shows it.
 * Retryable, like any lost connection.
 */
function wasCutOff({ text, ending }: Answer): boolean {
  const source = text.trim();
  return ending === 'lost' || (ending === 'whole' && source.startsWith('{') && !source.endsWith('}'));
}

function describeBadResponse({ text, ending, redact }: Answer, sought: string): string {
  const source = text.trim();
  const body = parseObject(text);
  if (ending === 'too-long') {
    return 'the answer is longer than 1 MiB';
  }
  if (source === '') {
    return 'the answer is empty';
  }
  if (body === undefined) {
    return source.startsWith('<')
      ? 'the answer is an HTML page, not JSON'
      : 'the answer is not a JSON object';
  }
  const words = errorWords(body, redact);
  return `the answer contains no ${sought}${words === undefined ? '' : `; the server says: ${words}`}`;
}
