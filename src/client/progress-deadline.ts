import { ApiError } from '../errors.ts';

/** More than the buffers of the system and of the network usually hold. */
const maxBufferedBytes = 16 * 1024 * 1024;

/** Options of a {@link ProgressDeadline}. */
export interface ProgressDeadlineOptions {
  /** How long an attempt may go without progress. */
  readonly timeoutMs: number;
  readonly bodyBytes: number;
  /** The proxy that a connection goes through, without its password. */
  readonly proxyHost?: string | undefined;
  /** Called once, with an ApiError `timeout` that names the phase without progress. */
  readonly onExpired: (error: ApiError) => void;
}

/**
 * Ends an attempt that makes no progress: connecting, each write and the whole answer may each take `timeoutMs`.
 * Written bytes may still sit in system buffers, so each write also gets the time to drain them at the rate so far.
 */
export class ProgressDeadline {
  readonly #options: ProgressDeadlineOptions;
  /** Keeps the process alive. */
  #timer: NodeJS.Timeout;
  #isConnecting = false;
  #expiresAtMs: number;
  #sendingSinceMs: number;
  #sentBytes = 0;

  /** Starts to watch a request on an open connection. */
  constructor(options: ProgressDeadlineOptions) {
    this.#options = options;
    this.#sendingSinceMs = performance.now();
    this.#expiresAtMs = this.#sendingSinceMs + options.timeoutMs;
    this.#timer = this.#schedule();
  }

  /** A connection is being opened; bytes sent on an earlier connection do not count. */
  connecting(): void {
    this.#sentBytes = 0;
    this.#isConnecting = true;
    this.#restart(0);
  }

  /** The connection is open, and the request is sent. */
  connected(): void {
    this.#sendingSinceMs = performance.now();
    this.#isConnecting = false;
    this.#restart(0);
  }

  /** A part of the body was written. */
  sent(bytes: number): void {
    this.#sentBytes += bytes;
    const bufferedBytes = Math.min(this.#sentBytes, maxBufferedBytes);
    const elapsedMs = performance.now() - this.#sendingSinceMs;
    this.#restart(elapsedMs * (bufferedBytes / this.#sentBytes));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #restart(drainMs: number): void {
    this.#expiresAtMs = performance.now() + this.#options.timeoutMs + drainMs;
  }

  // One timer that checks the clock when it fires costs less than a new timer for each write.
  #schedule(): NodeJS.Timeout {
    return setTimeout(
      () => {
        // A process that was suspended must first read the data that arrived while it was suspended.
        this.#timer = setTimeout(() => this.#check(), 1);
      },
      Math.ceil(this.#expiresAtMs - performance.now()),
    );
  }

  #check(): void {
    if (performance.now() < this.#expiresAtMs) {
      this.#timer = this.#schedule();
    } else {
      this.#options.onExpired(new ApiError('timeout', this.#describe()));
    }
  }

  /** What the attempt waited for. */
  #describe(): string {
    const { timeoutMs, bodyBytes, proxyHost } = this.#options;
    const time = `${timeoutMs / 1000} s`;
    if (this.#isConnecting) {
      return `no connection within ${time}${proxyHost === undefined ? '' : ` through the proxy ${proxyHost}`}`;
    }
    return this.#sentBytes < bodyBytes
      ? `nothing could be sent for ${time}`
      : `no complete answer within ${time}`;
  }
}
