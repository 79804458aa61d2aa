import type { Clock } from '../host.ts';

/** How many attempts must succeed to raise the limit by one, after a timeout or too many open connections. */
const cautiousSuccesses = 8;

/**
 * Limits the attempts in flight, and starts none during a pause. A server at capacity halves the limit, and each
 * success afterwards raises it by one (additive increase, multiplicative decrease). Timeouts, and too many open
 * connections, lower it too; it is then raised slowly, because neither the line nor the machine is likely to change.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #max: number;
  #allowed: number;
  #inFlight = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #waiting: (() => void)[] = [];
  /** How many successes raise the limit by one. */
  #successesNeeded = 1;
  #successes = 0;

  /**
   * @param max attempts in flight
   * @param signal ends every wait
   */
  constructor(max: number, clock: Clock, signal: AbortSignal) {
    this.#max = max;
    this.#allowed = max;
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Attempts in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Waits for a place. Returns false when the signal was aborted first; then there is no place to leave. */
  async enter(): Promise<boolean> {
    while (!this.#signal.aborted) {
      const pauseMs = this.#pausedUntilMs - this.#clock.monotonicMs();
      if (pauseMs > 0) {
        await this.#clock.sleep(pauseMs, this.#signal);
      } else if (this.#inFlight < this.#allowed) {
        this.#inFlight += 1;
        return true;
      } else {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    }
    return false;
  }

  /** Gives the place back. */
  leave(): void {
    this.#inFlight -= 1;
    this.#wake();
  }

  /** An attempt has succeeded. */
  speedUp(): void {
    this.#successes += 1;
    if (this.#successes >= this.#successesNeeded) {
      this.#successes = 0;
      this.#allowed = Math.min(this.#allowed + 1, this.#max);
    }
    if (this.#allowed === this.#max) {
      this.#successesNeeded = 1;
    }
  }

  /** The server is at capacity: start nothing for `pauseMs`, then half as many at once. */
  pause(pauseMs: number): void {
    this.#allowed = half(this.#allowed);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + pauseMs);
  }

  /** An attempt has timed out: allow half as many at once. Returns the new limit. */
  slowDown(): number {
    return this.#lower(half(this.#allowed));
  }

  /** No more connections can be opened: allow fewer attempts at once. Returns the new limit. */
  giveUpPlace(): number {
    return this.#lower(Math.min(this.#allowed, Math.max(1, this.#inFlight - 1)));
  }

  #lower(allowed: number): number {
    this.#allowed = allowed;
    this.#successes = 0;
    this.#successesNeeded = cautiousSuccesses;
    return allowed;
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) {
      resume();
    }
  }
}

function half(count: number): number {
  return Math.max(1, Math.floor(count / 2));
}
