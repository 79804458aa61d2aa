import { createRandom } from './random.ts';

/** Every way the sandbox can be told to fail an upload. */
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

/** A kind of failure and how often it strikes: either `rate` or `count`, never both. */
export interface Fault {
  readonly kind: FaultKind;
  /** The share of uploads it strikes, above 0 and up to 1. */
  readonly rate?: number;
  /** It strikes this many uploads, the first ones that no earlier count has claimed. */
  readonly count?: number;
}

const kindsText = faultKinds.join(', ');

/**
 * Reads `<kind>:<rate or count>`: a number with a `.` or a `%` is a rate, a bare whole number a count, so `1` is the
 * first upload and `1.0` is every upload. Throws a RangeError that says what is allowed.
 */
export function parseFault(text: string): Fault {
  const colon = text.lastIndexOf(':');
  const kind = text.slice(0, colon);
  const [, digits, percent] = /^(\d+|\d*\.\d+)(%?)$/.exec(text.slice(colon + 1)) ?? [];
  const value = Number(digits);
  const often = percent ? { rate: value / 100 } : digits?.includes('.') ? { rate: value } : { count: value };
  if (isFaultKind(kind) && isFrequency(often)) return { kind, ...often };
  throw new RangeError(
    `"${text}" is not a fault: it reads <kind>:<rate or count>, with a kind of ${kindsText}, and a rate (0.3 or 30%, up to 1.0 or 100%) or a whole count of 1 or more`,
  );
}

/** Which fault, if any, strikes each upload; ask once for each, in the order in which they arrive. */
export interface FaultPlan {
  next(): FaultKind | undefined;
}

/** Builds the plan for one server. Throws a RangeError for a wrong fault, or rates that add up to more than 1. */
export function createFaultPlan(faults: readonly Fault[], seed: number): FaultPlan {
  for (const fault of faults) {
    if (isFaultKind(fault.kind) && isFrequency(fault)) continue;
    throw new RangeError(
      `${JSON.stringify(fault)} is not a fault: it needs a kind of ${kindsText}, and either a rate above 0 and up to 1 or a whole count of 1 or more`,
    );
  }
  const counts = faults.map((fault) => ({ kind: fault.kind, left: fault.count ?? 0 }));
  const rates = faults.map((fault) => ({ kind: fault.kind, rate: fault.rate ?? 0 }));
  const total = rates.reduce((sum, { rate }) => sum + rate, 0);
  // 0.4 + 0.2 + 0.3 + 0.1 is a little more than 1 in binary.
  if (total > 1 + 1e-9) {
    throw new RangeError(`the rates of the faults add up to ${total}: together they may be at most 1`);
  }
  const random = createRandom(seed);

  return {
    next() {
      // Drawn even where a count decides, so that adding a count leaves the later draws as they were.
      let draw = random();
      const counted = counts.find((fault) => fault.left > 0);
      if (counted) {
        counted.left -= 1;
        return counted.kind;
      }
      // One draw decides between all rates: each owns a stretch of [0, 1) as long as its rate.
      for (const { kind, rate } of rates) {
        if (draw < rate) return kind;
        draw -= rate;
      }
      return undefined;
    },
  };
}

function isFaultKind(text: string): text is FaultKind {
  return faultKinds.some((kind) => kind === text);
}

function isFrequency({ rate, count }: Omit<Fault, 'kind'>): boolean {
  if (rate === undefined) return Number.isSafeInteger(count) && count! >= 1;
  return count === undefined && rate > 0 && rate <= 1;
}
