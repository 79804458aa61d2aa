import type { Clock } from '../host.ts';

/**
 * Bounds the attempts in flight, and starts none during a pause. A server at capacity halves the bound; each normal
 * answer afterwards raises it by one (additive increase, multiplicative decrease).
 */
export class Throttle {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #signal: AbortSignal;
  readonly #max: number;
  #allowed: number;
  #inFlight = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #waiting: (() => void)[] = [];

  /** @param max attempts in flight; @param signal ends every wait */
  constructor(max: number, clock: Pick<Clock, 'monotonicMs' | 'sleep'>, signal: AbortSignal) {
    this.#max = max;
    this.#allowed = max;
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
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

  /** The server has answered normally: allow one more at once. */
  speedUp(): void {
    this.#allowed = Math.min(this.#allowed + 1, this.#max);
  }

  /** The server is at capacity: start nothing for `pauseMs`, then half as many at once. */
  pause(pauseMs: number): void {
    this.#allowed = Math.max(1, Math.floor(this.#allowed / 2));
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + pauseMs);
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) {
      resume();
    }
  }
}
