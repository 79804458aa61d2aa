import type { ResolvedSettings } from './resolve.ts';

/** The settings of a run, complete, without their sources. */
export interface Settings {
  readonly token?: string;
  readonly account?: string;
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** Uploads in flight. */
  readonly concurrency: number;
  /** Tries after the first. */
  readonly retries: number;
  /** One attempt's limit, a whole number. */
  readonly timeoutMs: number;
}

/** Drops the sources and turns the timeout, which people give in seconds, into milliseconds. */
export function completeSettings(resolved: ResolvedSettings): Settings {
  return {
    ...(resolved.token && { token: resolved.token.value }),
    ...(resolved.account && { account: resolved.account.value }),
    apiUrl: resolved.apiUrl.value,
    concurrency: resolved.concurrency.value,
    retries: resolved.retries.value,
    timeoutMs: Math.max(1, Math.round(resolved.timeout.value * 1000)),
  };
}
