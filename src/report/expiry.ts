const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * When a session ends, or has ended: `2026-12-05 (in 12 days)`, `2026-11-20 (expired 3 days ago)`.
 *
 * @param expires ISO 8601
 * @param now milliseconds since the Unix epoch
 */
export function formatExpiry(expires: string, now: number): string {
  const date = new Date(expires);
  const distanceMs = date.getTime() - now;
  const relative = formatDistance(distanceMs);
  return `${date.toISOString().slice(0, 10)} (${distanceMs > 0 ? relative : `expired ${relative}`})`;
}

/** A span of time from now on, or up to now if it is negative: `in 12 days`, `3 hours ago`. */
function formatDistance(distanceMs: number): string {
  if (Math.abs(distanceMs) < minuteMs) {
    return distanceMs > 0 ? 'in less than a minute' : 'just now';
  }
  const format = new Intl.RelativeTimeFormat('en');
  const size = Math.abs(distanceMs);
  if (size >= dayMs) {
    return format.format(Math.round(distanceMs / dayMs), 'day');
  }
  return size >= hourMs
    ? format.format(Math.round(distanceMs / hourMs), 'hour')
    : format.format(Math.round(distanceMs / minuteMs), 'minute');
}
