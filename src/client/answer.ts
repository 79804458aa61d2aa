import { truncate } from '../words.ts';
import type { AnswerBody } from './read-answer-body.ts';

/** The answer to one request. */
export interface Answer extends AnswerBody {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Since the Unix epoch. */
  readonly receivedAtMs: number;
  /** Redacts secrets in the server's words. */
  readonly redact: Redact;
}

/** Redacts secrets, and parts of secrets, in a text for people. */
export type Redact = (text: string) => string;

/** The fields of a JSON object, unchecked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a status says that the server did what was asked. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** Parses a JSON object; undefined if the text is anything else. */
export function parseObject(text: string): Fields | undefined {
  try {
    // trim() also removes a byte order mark, which JSON does not allow.
    return fieldsOf(JSON.parse(text.trim()));
  } catch {
    return undefined;
  }
}

/** The fields of a parsed value; undefined if it is not an object. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The trimmed text of a field; empty if it is not text. */
export function trimmed(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

/** Longer than any account, email or date. */
const maxFieldLength = 400;

/** The trimmed text of a field; undefined if it is empty, longer than {@link maxFieldLength}, or not text. */
export function textOf(value: unknown): string | undefined {
  const text = trimmed(value);
  return text !== '' && text.length <= maxFieldLength ? text : undefined;
}

/** The server's own words in a body's `error`, redacted and cut to a length that fits a message. */
export function serverWords(body: Fields | undefined, redact: Redact): string | undefined {
  const words = [body?.error, fieldsOf(body?.error)?.message].map(trimmed).find((text) => text !== '');
  return words === undefined ? undefined : shorten(words, redact);
}

/** The words of an answer that is an error: like {@link serverWords}, or what gateways send instead of that text. */
export function errorWords(body: Fields | undefined, redact: Redact): string | undefined {
  return [body, { error: body?.message }, { error: body?.detail }]
    .map((fields) => serverWords(fields, redact))
    .find((words) => words !== undefined);
}

/** The first value of a header. */
export function headerOf(headers: Answer['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const maxWordsLength = 300;

/** Enough for a token whose every character is escaped several times. */
const maxRedactedLength = 100 * maxWordsLength;

/** Cuts a server's text to a length that fits a message. */
export function shorten(text: string, redact: Redact): string {
  // Redact before cutting: half a secret would not be found. Redaction shortens text, so take more than is shown.
  return truncate(redact(text.slice(0, maxRedactedLength)), maxWordsLength);
}
