import type { Probe } from './probe.ts';

/** How files are checked. */
export interface CheckContext {
  /** Whether sizes, lengths and sides are left to the server. */
  readonly noLimits: boolean;
  /** Measures videos and audio; opened only for the first such file. */
  readonly openProbe: () => Promise<Probe>;
}

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
