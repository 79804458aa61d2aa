import { formatBytes, formatSeconds } from '../units.ts';

/** How far a batch is. */
export interface ProgressState {
  /** Files that are settled, of all that are sent. */
  readonly settledFiles: number;
  readonly files: number;
  /** Bytes that have left us, of all that are to go; what has to be sent again does not count. */
  readonly sentBytes: number;
  readonly bytes: number;
  /** Since the first byte could go out. */
  readonly elapsedMs: number;
  /** Why nothing moves, if so: `server busy, resuming in 12s`. */
  readonly waiting: string | undefined;
}

/** The least time after which a rate means something. */
const steadyMs = 1000;

/**
 * One line of progress, at most `width` characters: what matters less is left out where there is no room for it.
 * The parts keep their width as the numbers grow, so that the line does not twitch.
 */
export function formatProgress(state: ProgressState, width: number): string {
  const { settledFiles, files, sentBytes, bytes, elapsedMs, waiting } = state;
  const done = `${String(settledFiles).padStart(String(files).length)}/${files} files`;
  const sent = `${formatBytes(sentBytes).padStart(7)} of ${formatBytes(bytes)}`;
  const bytesPerMs = elapsedMs >= steadyMs ? sentBytes / elapsedMs : 0;
  const rate = bytesPerMs > 0 ? `${formatBytes(bytesPerMs * 1000).padStart(7)}/s` : '';
  const left =
    bytesPerMs > 0 && waiting === undefined ? `${formatSeconds((bytes - sentBytes) / bytesPerMs)} left` : '';
  const choices = [
    [done, sent, rate, waiting ?? left],
    [done, sent, waiting ?? left],
    [done, waiting ?? sent],
    [done],
  ];
  const lines = choices.map((parts) => parts.filter((part) => part !== '').join('  '));
  return lines.find((line) => line.length <= width) ?? done.slice(0, width);
}
