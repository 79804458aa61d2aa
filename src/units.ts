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
