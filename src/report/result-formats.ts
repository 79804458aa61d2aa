/** The formats that print one object for a request to the API instead of records. */
export const requestFormats = ['frames', 'omni', 'images'] as const;

/** One of {@link requestFormats}. */
export type RequestFormat = (typeof requestFormats)[number];

/** The forms of the results on standard output. */
export const resultFormats = ['text', 'json', 'ndjson', ...requestFormats] as const;

/** One of {@link resultFormats}. */
export type ResultFormat = (typeof resultFormats)[number];

/** Whether a format is one of {@link requestFormats}. */
export function isRequestFormat(format: string): format is RequestFormat {
  return (requestFormats as readonly string[]).includes(format);
}
