const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses a number with a unit (`30s`, `1.5m`, `12h`, `7d`) to milliseconds; undefined if it is something else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,9})?)([smhd])$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * unitsMs[unit!]!;
}
