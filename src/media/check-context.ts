import type { CheckContext } from './check-asset.ts';
import type { Probe } from './probe.ts';

/** Creates the context that several checks share; `close` ends it. */
export function createCheckContext(
  noLimits: boolean,
  signal: AbortSignal,
): CheckContext & { close(): Promise<void> } {
  let probe: Promise<Probe> | undefined;
  return {
    noLimits,
    openProbe: () => {
      // Loaded here, because images need none of it.
      probe ??= import('./probe.ts').then(({ Probe }) => new Probe(signal));
      return probe;
    },
    close: async () => (await probe)?.close(),
  };
}
