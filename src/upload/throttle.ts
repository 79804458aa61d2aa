import type { Clock } from '../host.ts';

/**
 * Lets attempts go out: never more than the bound at once, none during a pause. A server at capacity halves the
 * number in flight; each answer afterwards gives one place back (additive increase, multiplicative decrease).
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #most: number;
  #allowed: number;
  #inFlight = 0;
  #pausedUntil = 0;
  #waiting: (() => void)[] = [];

  /** @param most attempts in flight; @param signal ends every wait */
  constructor(most: number, clock: Clock, signal: AbortSignal) {
    this.#most = most;
    this.#allowed = most;
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Waits for a place; false when the batch was stopped meanwhile, and then there is nothing to leave. */
  async enter(): Promise<boolean> {
    while (!this.#signal.aborted) {
      const pauseMs = this.#pausedUntil - this.#clock.now();
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

  /** The server answers normally again. */
  speedUp(): void {
    this.#allowed = Math.min(this.#allowed + 1, this.#most);
  }

  /** The server is at capacity: nothing goes out for `pauseMs`, and then less at once. */
  slowDown(pauseMs: number): void {
    this.#allowed = Math.max(1, Math.floor(this.#allowed / 2));
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + pauseMs);
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) {
      resume();
    }
  }
}
