/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3: whole seconds or an HTTP date) as milliseconds. A date is
 * compared with the time of the server that wrote it, the `Date` header, because this machine's clock may be wrong.
 * Undefined if it is absent, in the past or malformed.
 *
 * @param nowMs since the Unix epoch, for an answer without a `Date`
 */
export function parseRetryAfter(
  retryAfter: string | undefined,
  date: string | undefined,
  nowMs: number,
): number | undefined {
  const text = retryAfter?.trim() ?? '';
  if (/^\d+$/.test(text)) {
    return Number(text) * 1000;
  }
  const untilMs = parseHttpDate(text);
  const sinceMs = parseHttpDate(date?.trim() ?? '') ?? nowMs;
  return untilMs !== undefined && untilMs > sinceMs ? untilMs - sinceMs : undefined;
}

function parseHttpDate(text: string): number | undefined {
  // Date.parse accepts nearly anything ("-5" is a year): an HTTP date begins with the day's name. Its oldest form does
  // not say that it is UTC, and Date.parse would take it for local time.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text)) {
    return undefined;
  }
  const dateMs = Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
