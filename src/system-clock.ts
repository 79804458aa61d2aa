import type { Clock } from './host.ts';

/** The clock of this machine. */
export const systemClock: Clock = {
  epochMs: Date.now,
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    // Imported when it is needed: loading it takes longer than printing help or the version.
    const { setTimeout: delay } = await import('node:timers/promises');
    await delay(ms, undefined, { signal }).catch(() => {});
  },
};
