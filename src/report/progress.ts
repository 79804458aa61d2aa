import { basename } from 'node:path';
import ora from 'ora';
import type { ApiErrorCode } from '../errors.ts';
import type { Clock, TerminalStream } from '../host.ts';
import { formatSeconds } from '../units.ts';
import type { UploadEvent } from '../upload/event.ts';
import { escapeUnsafe } from './escape.ts';
import { formatProgress } from './progress-line.ts';

/** Shows on a terminal how far a batch is. */
export interface Progress {
  /** Prints whole lines above the progress. */
  print(lines: string): void;
  onEvent(event: UploadEvent): void;
  stop(): void;
}

/** What is to be sent. */
export interface Workload {
  readonly files: number;
  readonly bytes: number;
}

/** The spinner and the space behind it, and the last column, which a terminal wraps after. */
const reservedColumns = 3;

/** Starts to draw on a terminal. */
export type CreateProgress = typeof createProgress;

/** Starts to draw on a terminal. */
export function createProgress(
  stderr: TerminalStream,
  { files, bytes }: Workload,
  { clock, isColoured }: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly isColoured: boolean },
): Progress {
  const startedAt = clock.monotonicMs();
  /** Bytes of each attempt in flight that have gone out. */
  const sending = new Map<string, number>();
  /** How much is made of each file that is being made to fit, from 0 to 1. */
  const fitting = new Map<string, number>();
  let settledFiles = 0;
  let settledBytes = 0;
  let wait: { readonly reason: string; readonly until: number } | undefined;

  const describeWait = () => {
    const leftMs = (wait?.until ?? 0) - clock.monotonicMs();
    return wait !== undefined && leftMs > 0 && sending.size === 0
      ? `${wait.reason}, resuming in ${formatSeconds(leftMs)}`
      : undefined;
  };
  const describeFitting = () => {
    const [first] = fitting;
    return first && `fitting ${shorten(basename(first[0]))} ${Math.floor(first[1] * 100)}%`;
  };
  const line = () => {
    const inFlight = [...sending.values()].reduce((sum, sent) => sum + sent, 0);
    const state = {
      settledFiles,
      files,
      sentBytes: settledBytes + inFlight,
      bytes,
      elapsedMs: clock.monotonicMs() - startedAt,
      waiting: describeWait() ?? describeFitting(),
    };
    return formatProgress(state, (stderr.columns ?? 80) - reservedColumns);
  };
  // discardStdin would take Ctrl-C away from us. The text is asked for at each frame, so time moves it too.
  const spinner = ora({
    stream: stderr,
    discardStdin: false,
    isEnabled: true,
    color: isColoured ? 'cyan' : false,
    suffixText: line,
  }).start();

  return {
    print: (lines) => {
      spinner.clear();
      stderr.write(lines);
      spinner.render();
    },
    onEvent: (event) => {
      switch (event.type) {
        case 'files-checked':
        case 'batch-slowed':
        case 'host-unreachable':
        case 'batch-ended':
        case 'fit-doubt':
          break;
        case 'fitting':
          fitting.set(event.path, event.share);
          break;
        case 'fitted':
          fitting.delete(event.path);
          break;
        case 'attempt-started':
          sending.set(event.path, 0);
          break;
        case 'bytes-sent':
          sending.set(event.path, (sending.get(event.path) ?? 0) + event.bytes);
          break;
        case 'attempt-failed':
          sending.delete(event.path);
          if (event.retryInMs !== undefined) {
            wait = { reason: reasonOf(event.error.code), until: clock.monotonicMs() + event.retryInMs };
          }
          break;
        case 'batch-paused':
          wait = { reason: 'server busy', until: clock.monotonicMs() + event.delayMs };
          break;
        case 'file-settled':
          fitting.delete(event.path);
          sending.delete(event.path);
          settledFiles += 1;
          settledBytes += event.sizeBytes;
          break;
        default:
          event satisfies never;
      }
    },
    stop: () => spinner.stop(),
  };
}

const maxNameLength = 24;

function shorten(name: string): string {
  const escaped = escapeUnsafe(name);
  return escaped.length <= maxNameLength ? escaped : `${escaped.slice(0, maxNameLength - 1)}…`;
}

function reasonOf(code: ApiErrorCode): string {
  switch (code) {
    case 'network':
      return 'connection lost';
    case 'timeout':
      return 'no answer in time';
    default:
      return 'server trouble';
  }
}
