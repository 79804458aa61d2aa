/** The default settings. They have their own file because help shows them and must load quickly. */
export const defaults = {
  apiUrl: 'https://api.useapi.net/v1/dreamina',
  concurrency: 4,
  retries: 5,
  /** Seconds. */
  timeout: 60,
} as const;
