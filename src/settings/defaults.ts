/** What a setting is when nobody says it; by itself, because help shows it and checks nothing. */
export const defaults = {
  apiUrl: 'https://api.useapi.net/v1/dreamina',
  concurrency: 4,
  retries: 5,
  /** Seconds. */
  timeout: 120,
} as const;
