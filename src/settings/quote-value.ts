const MAX_QUOTED_LENGTH = 40;

// A token, a header, a password in a URL, a key in a query: each may end up in the wrong setting by mistake.
const MAY_HOLD_A_SECRET = /user:\d|bearer|:\/\/.*@|[?#]/is;

/** A value from outside in a form fit for a message: short, JSON-quoted, and silent about what may be a secret. */
export function quoteValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  // Never JSON: a few bytes of YAML aliases make a circle, or gigabytes of text.
  if (typeof value === 'object' && value !== null) return 'a mapping';
  if (typeof value !== 'string') return String(value);
  if (MAY_HOLD_A_SECRET.test(value)) return 'a value that is not shown, for it may hold a secret';
  const short = value.length > MAX_QUOTED_LENGTH ? `${value.slice(0, MAX_QUOTED_LENGTH - 1)}…` : value;
  return JSON.stringify(short);
}
