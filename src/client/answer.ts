import type { AnswerBody } from './read-answer-body.ts';

/** What came back for one request. */
export interface Answer extends AnswerBody {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

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

/** A field that holds text, trimmed; nothing where it is empty or anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

/** The server's own words in a body's `error`, cut to a length that fits a message. */
export function serverWords(body: Fields | undefined): string | undefined {
  const words = textOf(body?.error);
  return words === undefined ? undefined : shorten(words);
}

/** The first value of a header. */
export function headerOf(headers: Answer['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const maxWordsLength = 300;

/** Cuts a server's text to a length that fits a message. */
export function shorten(text: string): string {
  // The cut may halve a character of two code units.
  return text.length > maxWordsLength
    ? `${text.slice(0, maxWordsLength).replace(/[\ud800-\udbff]$/, '')}…`
    : text;
}
