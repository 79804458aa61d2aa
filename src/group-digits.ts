/** A whole number as people read it: `10,485,760`. By hand, because the first use of `Intl` takes Node 15 ms. */
export function groupDigits(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
