/** Compares two paths folder by folder as people count: `2.png` before `10.png`. */
export function createNaturalOrder(): (a: string, b: string) => number {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return (a, b) => {
    const [left, right] = [a.split('/'), b.split('/')];
    for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
      const order = compare(left[i]!, right[i]!);
      if (order !== 0) {
        return order;
      }
    }
    // Names that a collator holds equal still need one order.
    return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
  };
}
