import { truncate } from '../words.ts';

const maxQuotedLength = 40;

// A token, a header, a password in a URL, or a key in a query may end up in the wrong setting by mistake.
const mayHoldSecret = /user:\d|bearer|:\/\/.*[@#]|\?.*=/is;

/** Formats a value from outside for a message: short, JSON-quoted, and hidden if it may hold a secret. */
export function quoteValue(value: unknown): string {
  if (Array.isArray(value)) {
    return 'a list';
  }
  // Never JSON.stringify: a few bytes of YAML aliases make a cycle, or gigabytes of text.
  if (typeof value === 'object' && value !== null) {
    return 'a mapping';
  }
  if (typeof value === 'function') {
    return 'a function';
  }
  if (typeof value !== 'string') {
    return String(value);
  }
  if (mayHoldSecret.test(value)) {
    return 'a value that is not shown, because it may hold a secret';
  }
  return JSON.stringify(truncate(value, maxQuotedLength));
}
