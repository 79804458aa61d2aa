import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';

/** How far a batch is. */
export interface ProgressState {
  /** Files that are settled, of all that are sent. */
  readonly settledFiles: number;
  readonly files: number;
  /** Bytes that were sent and still count; those of a failed attempt do not. */
  readonly sentBytes: number;
  /** All bytes to send, without those of files that failed. */
  readonly bytes: number;
  /** Since the first byte could be sent. */
  readonly elapsedMs: number;
  /** Why nothing is sent, or which files will be retried; the shorter wording second. */
  readonly waiting: readonly string[];
  /** Whether nothing is being sent until the wait is over. */
  readonly isStopped: boolean;
}

/** The least time after which a rate means something. */
const steadyMs = 1000;

/**
 * One line of progress, at most `width` characters: less important parts are left out if there is no room for them.
 * The parts keep their width as the numbers grow, so that the line does not twitch.
 */
export function formatProgress(state: ProgressState, width: number): string {
  const { settledFiles, files, sentBytes, bytes, elapsedMs, waiting, isStopped } = state;
  const done = `${String(settledFiles).padStart(String(files).length)}/${files} files`;
  const sent = `${prettyBytes(sentBytes).padStart(7)} of ${prettyBytes(bytes)}`;
  const bytesPerMs = elapsedMs >= steadyMs && !isStopped ? sentBytes / elapsedMs : 0;
  const rate = bytesPerMs > 0 ? `${prettyBytes(bytesPerMs * 1000).padStart(7)}/s` : '';
  const left = formatLeft(bytes - sentBytes, bytesPerMs);
  const choices = [
    ...waiting.map((text) => [done, sent, rate, left, text]),
    ...waiting.map((text) => [done, sent, text]),
    ...waiting.map((text) => [done, text]),
    [done, sent, rate, left],
    [done, sent, left],
    [done, sent],
    [done],
  ];
  const lines = choices.map((parts) => parts.filter((part) => part !== '').join('  '));
  return lines.find((line) => line.length <= width) ?? done.slice(0, Math.max(0, width));
}

function formatLeft(unsentBytes: number, bytesPerMs: number): string {
  if (bytesPerMs === 0) {
    return '';
  }
  return unsentBytes > 0
    ? `${formatTimeLeft(unsentBytes / bytesPerMs)} left`
    : 'waiting for the last answers';
}

/** A time left, in whole seconds: `12s`, `3m 4s`. */
export function formatTimeLeft(durationMs: number): string {
  return prettyMilliseconds(Math.ceil(durationMs / 1000) * 1000);
}
