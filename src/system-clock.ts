import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './host.ts';

/** The clock of this machine. */
export const systemClock: Clock = {
  epochMs: Date.now,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
};
