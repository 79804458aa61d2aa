import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';

/** A size as people read it: `86.9 kB`. */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes);
}

/** A time as people read it: `412ms`, `1.2s`, `3m 4s`. */
export function formatDuration(durationMs: number): string {
  return prettyMilliseconds(durationMs);
}

/** A time to come, in whole seconds: `12s`, `3m 4s`. */
export function formatSeconds(durationMs: number): string {
  return prettyMilliseconds(Math.ceil(durationMs / 1000) * 1000);
}
