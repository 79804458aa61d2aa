const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

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
  const unit = units.find(([, unitMs]) => Math.abs(distanceMs) >= unitMs);
  if (unit === undefined) {
    return distanceMs > 0 ? 'in less than a minute' : 'just now';
  }
  const [name, unitMs] = unit;
  return new Intl.RelativeTimeFormat('en').format(Math.round(distanceMs / unitMs), name);
}
