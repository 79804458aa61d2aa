const firstBackoffMs = 500;
const maxBackoffMs = 30_000;
const maxRetryAfterMs = 5 * 60_000;

/**
 * How long to wait before the next attempt, in milliseconds: exponential backoff with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), or as long as the server asks, up to
 * five minutes, if that is longer.
 *
 * @param attempt the one that failed, from 1
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, retryAfterMs: number | undefined, random: () => number): number {
  const jitterMs = random() * Math.min(firstBackoffMs * 2 ** (attempt - 1), maxBackoffMs);
  return Math.max(jitterMs, Math.min(retryAfterMs ?? 0, maxRetryAfterMs));
}
