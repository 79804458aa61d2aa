import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/host.ts';

/** A clock that only the test moves; sleepers wake when their time has passed. */
export interface ManualClock extends Clock {
  advance(ms: number): Promise<void>;
  /** Sets the date back, as a person may; the time since the start goes on. */
  setBack(ms: number): void;
  /** How long each sleeper still sleeps. */
  sleeping(): readonly number[];
  /** Resolves when `count` sleep. */
  asleep(count: number): Promise<void>;
}

export function manualClock(): ManualClock {
  let now = Date.UTC(2026, 10, 23);
  let setBackMs = 0;
  let sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  let changed = () => {};
  return {
    epochMs: () => now - setBackMs,
    monotonicMs: () => now,
    sleep: (ms, signal) =>
      new Promise<void>((wake) => {
        if (signal.aborted) {
          wake();
        }
        signal.addEventListener('abort', () => wake());
        sleepers.push({ until: now + ms, wake });
        changed();
      }),
    advance: async (ms) => {
      now += ms;
      const due = sleepers.filter(({ until }) => until <= now);
      sleepers = sleepers.filter(({ until }) => until > now);
      for (const { wake } of due) {
        wake();
      }
      await turn();
    },
    setBack: (ms) => {
      setBackMs += ms;
    },
    sleeping: () => sleepers.map(({ until }) => until - now),
    asleep: async (count) => {
      while (sleepers.length < count) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
  };
}
