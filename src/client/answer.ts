import type { AnswerBody } from './read-answer-body.ts';

/** What came back for one request. */
export interface Answer extends AnswerBody {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Takes secrets out of the server's words. */
  readonly redact: Redact;
}

/** Takes secrets out of a text for people, parts of them too. */
export type Redact = (text: string) => string;

/** The fields of a JSON object, unchecked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether the server did what was asked. */
export function isSuccess({ status }: Pick<Answer, 'status'>): boolean {
  return status >= 200 && status <= 299;
}

/** The JSON object in a text; nothing where it is anything else. */
export function parseObject(text: string): Fields | undefined {
  try {
    // trim() also removes a byte order mark, which JSON does not allow.
    const value: unknown = JSON.parse(text.trim());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Longer than any account, email or date. */
const maxFieldLength = 400;

/** A field that holds text, trimmed; nothing where it is empty, of absurd length, or anything else. */
export function textOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return text !== '' && text.length <= maxFieldLength ? text : undefined;
}

/** The server's own words in a body's `error`, redacted and cut to a length that fits a message. */
export function serverWords(body: Fields | undefined, redact: Redact): string | undefined {
  const words = typeof body?.error === 'string' ? body.error.trim() : '';
  return words === '' ? undefined : shorten(words, redact);
}

/** The first value of a header. */
export function headerOf(headers: Answer['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const maxWordsLength = 300;

/** A token with each character escaped several times over becomes a hundredth of that. */
const maxRedactedLength = 100 * maxWordsLength;

/** Cuts a server's text to a length that fits a message. */
export function shorten(text: string, redact: Redact): string {
  // A secret that is cut in two would not be found. What is redacted gets shorter, so more is needed than is shown.
  const redacted = redact(text.slice(0, maxRedactedLength));
  // The cut may halve a character of two code units.
  return redacted.length > maxWordsLength
    ? `${redacted.slice(0, maxWordsLength).replace(/[\ud800-\udbff]$/, '')}…`
    : redacted;
}
