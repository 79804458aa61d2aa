/** Every way in which the sandbox can fail an upload. */
export const faultKinds = [
  '429',
  '500',
  '502-html',
  '596',
  'reset',
  'reset-after-body',
  'slow',
  'truncated-json',
  'early-401',
] as const;

/** One way to fail an upload. */
export type FaultKind = (typeof faultKinds)[number];

/** A way to fail uploads and how often it happens: either `rate` or `count`, never both. */
export interface Fault {
  readonly kind: FaultKind;
  /** The share of uploads that fail, above 0 and up to 1. */
  readonly rate?: number;
  /** This many uploads fail: the first ones that no earlier count has claimed. */
  readonly count?: number;
}

const kindsText = faultKinds.join(', ');

/**
 * Parses `<kind>:<rate or count>`. A number with a `.` or a `%` is a rate and a whole number is a count, so `1` is the
 * first upload and `1.0` is every upload. Throws a RangeError that says what is allowed.
 */
export function parseFault(text: string): Fault {
  const [, kind = '', digits, percent] = /^(.+):(\d+|\d*\.\d+)(%?)$/.exec(text) ?? [];
  const value = Number(digits);
  const often = percent ? { rate: value / 100 } : digits?.includes('.') ? { rate: value } : { count: value };
  if (isFaultKind(kind) && isFrequency(often)) {
    return { kind, ...often };
  }
  throw new RangeError(
    `"${text}" is not a fault: it reads <kind>:<rate or count>, with a kind of ${kindsText}, and a rate (0.3 or 30%, up to 1.0 or 100%) or a whole count of 1 or more`,
  );
}

/**
 * Creates a function that draws the fault of the next upload to arrive, if any. Throws a RangeError for an invalid
 * fault, or rates that add up to more than 1.
 */
export function createFaultPlan(faults: readonly Fault[], seed: number): () => FaultKind | undefined {
  for (const fault of faults) {
    if (!isFaultKind(fault.kind) || !isFrequency(fault)) {
      throw new RangeError(
        `${JSON.stringify(fault)} is not a fault: it needs a kind of ${kindsText}, and either a rate above 0 and up to 1 or a whole count of 1 or more`,
      );
    }
  }
  const counts = faults.map((fault) => ({ kind: fault.kind, left: fault.count ?? 0 }));
  const rates = faults.map((fault) => ({ kind: fault.kind, rate: fault.rate ?? 0 }));
  const total = rates.reduce((sum, { rate }) => sum + rate, 0);
  // In binary, 0.4 + 0.2 + 0.3 + 0.1 is slightly more than 1.
  if (total > 1 + 1e-9) {
    throw new RangeError(`the rates of the faults add up to ${total}: together they may be at most 1`);
  }
  const random = createRandom(seed);

  return () => {
    // Draw even if a count decides, so that adding a count does not change the later draws.
    let draw = random();
    const counted = counts.find((fault) => fault.left > 0);
    if (counted) {
      counted.left -= 1;
      return counted.kind;
    }
    // One draw decides between all rates: each rate owns a part of [0, 1) as long as itself.
    for (const { kind, rate } of rates) {
      if (draw < rate) {
        return kind;
      }
      draw -= rate;
    }
    return undefined;
  };
}

/** Creates a repeatable source of numbers in [0, 1): the mulberry32 generator. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function isFaultKind(text: string): text is FaultKind {
  return faultKinds.some((kind) => kind === text);
}

function isFrequency({ rate, count }: Omit<Fault, 'kind'>): boolean {
  if (rate === undefined) {
    return Number.isSafeInteger(count) && count! >= 1;
  }
  return count === undefined && rate > 0 && rate <= 1;
}
