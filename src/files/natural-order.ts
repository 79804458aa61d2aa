/** Sorts by paths, folder by folder as people count: `2.png` before `10.png`. */
export function sortNaturally<Item>(items: readonly Item[], pathOf: (item: Item) => string): readonly Item[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return items
    .map((item) => ({ item, names: pathOf(item).split('/') }))
    .sort((a, b) => comparePaths(a.names, b.names, compare))
    .map(({ item }) => item);
}

function comparePaths(
  a: readonly string[],
  b: readonly string[],
  compareNames: (a: string, b: string) => number,
): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    // Compare first: most neighbours share their folders, and a collator is slow.
    const order = a[i] === b[i] ? 0 : compareNames(a[i]!, b[i]!);
    if (order !== 0) {
      return order;
    }
  }
  return a.length - b.length || compareText(a.join('/'), b.join('/'));
}

/** Gives names that the collator treats as equal a fixed order. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
