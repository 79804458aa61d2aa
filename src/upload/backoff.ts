const firstBackoffMs = 500;
const longestBackoffMs = 30_000;
const longestRetryAfterMs = 5 * 60_000;

/**
 * How long to wait before the next try, in milliseconds: what the server asks for, up to five minutes; else
 * exponential backoff with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param attempt the attempt that has failed, from 1
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, retryAfterMs: number | undefined, random: () => number): number {
  if (retryAfterMs !== undefined) {
    return Math.min(retryAfterMs, longestRetryAfterMs);
  }
  return random() * Math.min(firstBackoffMs * 2 ** (attempt - 1), longestBackoffMs);
}
