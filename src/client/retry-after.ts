/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3: whole seconds or an HTTP date) as milliseconds from `now`.
 * Undefined where it is absent, in the past or no such thing.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) {
    return Number(text) * 1000;
  }
  // Date.parse takes nearly anything ("-5" is a year): an HTTP date begins with the day's name. Its oldest form does
  // not say that it is UTC, and Date.parse would take it for local time.
  const isDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text);
  const date = isDate ? Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`) : Number.NaN;
  return date > now ? date - now : undefined;
}
