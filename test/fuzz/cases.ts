import type { Parameters } from 'fast-check';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** From vitest's config: how many cases there are in all, and what they are drawn from. */
    readonly fuzz: { readonly cases: number; readonly seed: number };
  }
}

/** How many of 100,000 cases each subject gets: more where one costs microseconds than where it is a whole run. */
const shares = {
  'answer to an upload': 16_000,
  'list of accounts': 10_000,
  'answer in bytes': 4000,
  'token in a text': 7000,
  'upload to a server': 4000,
  'other command to a server': 3000,
  'config text': 14_000,
  'config file': 3500,
  'head of a file': 13_300,
  'folder of files': 1500,
  'command line': 6000,
  'manifest in bytes': 5000,
  'run with a manifest': 500,
  'proxy variables': 8000,
  environment: 3000,
  'answer of a proxy': 1200,
  'list of patterns': 3000,
} as const;

const all = Object.values(shares).reduce((sum, share) => sum + share, 0);

/** More than any case takes on a machine that is busy; beyond it, the case hangs. */
const maxCaseMs = 10_000;

/** The parameters of `fc.assert` for a subject. */
export function casesOf<Values>(subject: keyof typeof shares): Parameters<Values> {
  const { cases, seed } = inject('fuzz');
  return {
    seed,
    numRuns: Math.max(1, Math.round((cases * shares[subject]) / all)),
    timeout: maxCaseMs,
  };
}
