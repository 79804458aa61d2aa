import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../host.ts';

/** How long uploads in flight may take to end after an interruption. */
const patienceMs = 250;

/** What a batch is told from outside, and the time. */
export interface StopDependencies {
  readonly clock: Clock;
  /** Starts nothing new and ends the uploads in flight. */
  readonly signal: AbortSignal;
  /** Starts nothing new; uploads in flight may still get their references. */
  readonly draining?: AbortSignal | undefined;
}

/** The signals by which a batch stops: draining, then stopped, then, if it was interrupted, abandoned, at last ended. */
export class StopSignals {
  readonly #clock: Clock;
  readonly #draining = new AbortController();
  readonly #stopped = new AbortController();
  readonly #abandoned = new AbortController();
  readonly #ended = new AbortController();
  /** Aborted when nothing new may start. */
  readonly draining: AbortSignal = this.#draining.signal;
  /** Aborted when uploads in flight must end too. */
  readonly stopped: AbortSignal = this.#stopped.signal;
  /** Aborted a moment after an interruption, to abandon work that still goes on, such as a read of a dead disk. */
  readonly abandoned: AbortSignal = this.#abandoned.signal;
  /** Aborted when nothing more will be settled. */
  readonly ended: AbortSignal = this.#ended.signal;

  constructor({ clock, signal, draining }: StopDependencies) {
    this.#clock = clock;
    // Each upload in flight listens, up to 64.
    setMaxListeners(0, this.draining, this.stopped, this.abandoned);
    const untilStopped = { signal: this.stopped };
    signal.addEventListener('abort', () => this.#interrupt(), untilStopped);
    draining?.addEventListener('abort', () => this.drain(), untilStopped);
    if (signal.aborted) {
      this.#interrupt();
    }
  }

  /** Starts nothing new; uploads in flight may still get their references. */
  drain(): void {
    this.#draining.abort();
  }

  /** Starts nothing new and ends the uploads in flight. */
  stop(): void {
    this.drain();
    this.#stopped.abort();
  }

  /** Call when nothing more will be settled. */
  end(): void {
    this.#ended.abort();
  }

  #interrupt(): void {
    this.stop();
    void this.#clock.sleep(patienceMs, this.ended).then(async () => {
      this.#abandoned.abort();
      await turn();
      this.end();
    });
  }
}
