import { UploadError, type UploadErrorCode } from '../errors.ts';
import type { Body } from './body.ts';
import { parseImageRef } from './reference.ts';
import { parseRetryAfter } from './retry-after.ts';

/** What came back for one request. */
export interface Answer extends Body {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** An image as the service keeps it. */
export interface UploadedAsset {
  readonly imageRef: string;
  /** `REGION:email`. */
  readonly account: string;
  /** Pixels; absent where neither the answer nor the reference tells. */
  readonly width?: number;
  /** Pixels. */
  readonly height?: number;
  /** What is odd about the answer although its reference is good. */
  readonly warnings: readonly string[];
}

/** What was asked, as far as the answer is held against it. */
export interface SentUpload {
  readonly account: string;
  readonly sizeBytes: number;
}

/** Statuses worth another try, whatever their kind: timeouts, capacity, and the CDN's own 520-527. */
const retryableStatuses: ReadonlySet<number> = new Set([
  408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527,
]);

/**
 * Finds the reference in the answer to an upload.
 * Revisions of the API since 2026-03-02 call it `assetRef`, the one before `imageRef`: either is taken, the newer first.
 *
 * @throws UploadError where there is none
 */
export function readUploadAnswer(answer: Answer, sent: SentUpload, now: number): UploadedAsset {
  const body = parseObject(answer.text);
  if (answer.status < 200 || answer.status > 299) {
    throw refusal(answer, body, now);
  }
  const imageRef = [body?.assetRef, body?.imageRef].find(isReference);
  if (imageRef === undefined) {
    throw badResponse(answer, body, 'reference');
  }
  const reference = parseImageRef(imageRef);
  const width = pixels(body?.width) ?? reference?.width;
  const height = pixels(body?.height) ?? reference?.height;
  return {
    imageRef,
    account: text(body?.account) ?? reference?.account ?? sent.account,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    warnings: oddities(body, reference?.sizeBytes, sent),
  };
}

/**
 * The error of an answer that is not 2xx, with the server's own words where it has some.
 *
 * @param meanings what a status means for this request, where that is not what it means for an upload
 */
export function refusal(
  answer: Answer,
  body: Fields | undefined,
  now: number,
  meanings: Meanings = {},
): UploadError {
  const { status } = answer;
  const retryAfterMs = parseRetryAfter(header(answer, 'retry-after'), now);
  return new UploadError(codeOf(status), describeRefusal(answer, body, { ...uploadMeanings, ...meanings }), {
    httpStatus: status,
    retryable: retryableStatuses.has(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(status >= 300 && status < 400 && { hint: 'Redirects are not followed; check apiUrl.' }),
  });
}

/** The fields of a JSON object, unchecked. */
export type Fields = Readonly<Record<string, unknown>>;

/** The JSON object in `source`; undefined where it is anything else. */
export function parseObject(source: string): Fields | undefined {
  try {
    // What trim takes away and JSON does not allow is a byte order mark.
    const value: unknown = JSON.parse(source.trim());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(status: number): UploadErrorCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 402:
      return 'payment_required';
    case 404:
      return 'account_not_found';
    case 429:
      return 'rate_limited';
    case 596:
      return 'session_expired';
    default:
      return status >= 500 ? 'server_error' : 'rejected';
  }
}

type Meanings = Readonly<Record<number, string>>;

const uploadMeanings: Meanings = {
  401: 'the token was refused',
  402: 'the subscription has expired or credits are short',
  404: 'the account was not found',
  413: 'the server calls it too large',
  429: 'the server is at capacity',
  596: "the account's Dreamina session has expired",
};

function describeRefusal(answer: Answer, body: Fields | undefined, meanings: Meanings): string {
  const { status } = answer;
  const location = header(answer, 'location');
  const meaning =
    meanings[status] ??
    (status >= 300 && status < 400
      ? `the server redirects${location === undefined ? '' : ` to ${shorten(location)}`}`
      : status >= 500
        ? 'the service failed'
        : 'the server refused it');
  const words = serverWords(body);
  return `${meaning} (HTTP ${status}${words === undefined ? '' : `: ${words}`})`;
}

/** The error of a 2xx answer without what was `sought` in it. */
export function badResponse(answer: Answer, body: Fields | undefined, sought: string): UploadError {
  const source = answer.text.trim();
  // An answer that begins as an object and does not end as one was cut off on its way. That happens without any
  // error where there is no Content-Length, and is a lost connection by another name: worth another try.
  const cutOff =
    answer.ending === 'lost' ||
    (answer.ending === 'whole' && source.startsWith('{') && !source.endsWith('}'));
  const words = serverWords(body);
  const problem = cutOff
    ? `the answer was cut off before its ${sought}`
    : answer.ending === 'too-long'
      ? 'the answer is longer than 1 MiB'
      : source === ''
        ? 'the answer is empty'
        : body === undefined
          ? source.startsWith('<')
            ? 'the answer is an HTML page, not JSON'
            : 'the answer is not a JSON object'
          : words === undefined
            ? `the answer has no ${sought} in it`
            : `the answer has no ${sought} in it but says: ${words}`;
  return new UploadError('bad_response', `${problem} (HTTP ${answer.status})`, {
    httpStatus: answer.status,
    retryable: cutOff,
  });
}

function oddities(body: Fields | undefined, referenceSize: number | undefined, sent: SentUpload): string[] {
  const warnings: string[] = [];
  const size = typeof body?.size === 'number' ? body.size : referenceSize;
  if (size !== undefined && size !== sent.sizeBytes) {
    warnings.push(`the server counts ${size} bytes where ${sent.sizeBytes} were sent`);
  }
  const account = text(body?.account);
  if (account !== undefined && account !== sent.account) {
    warnings.push(`the server answers for the account ${shorten(account)}, not ${sent.account}`);
  }
  const words = serverWords(body);
  if (words !== undefined) {
    warnings.push(`the server adds: ${words}`);
  }
  return warnings;
}

/** A reference goes out as one line of text, so whatever would break the line is none. */
function isReference(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

/** What stands in a body's `error`, at a length that fits a message. */
export function serverWords(body: Fields | undefined): string | undefined {
  const words = text(body?.error);
  return words === undefined ? undefined : shorten(words);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function pixels(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
}

function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const longestServerText = 300;

/** A server's text at a length that fits a message. */
function shorten(words: string): string {
  // The cut may halve a character of two code units.
  return words.length > longestServerText
    ? `${words.slice(0, longestServerText).replace(/[\ud800-\udbff]$/, '')}…`
    : words;
}
