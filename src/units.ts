import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';

/** A size for people: `86.9 kB`. */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes);
}

/** A time for people: `412ms`, `1.2s`, `3m 4s`. */
export function formatDuration(durationMs: number): string {
  return prettyMilliseconds(durationMs);
}

/** A time left, in whole seconds: `12s`, `3m 4s`. */
export function formatTimeLeft(durationMs: number): string {
  return prettyMilliseconds(Math.ceil(durationMs / 1000) * 1000);
}

/** A whole number for people: `10,485,760`. Written by hand: the first use of `Intl` takes Node 15 ms. */
export function groupDigits(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** A number of things: `1 file`, `2,000 files`. */
export function countOf(count: number, thing: string): string {
  return `${groupDigits(count)} ${thing}${count === 1 ? '' : 's'}`;
}
