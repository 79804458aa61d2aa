import { describe, expect, it } from 'vitest';
import { cancelledOutcome, type Outcome } from '../../../src/upload/record.ts';
import { recordsInOrder } from '../../../src/upload/record-blocks.ts';

const files = (count: number) => Array.from({ length: count }, (_, i) => ({ path: `${i}.png` }));

describe('recordsInOrder', () => {
  it('lets timers run between the blocks of many records', async () => {
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    let records = 0;
    for await (const block of recordsInOrder(files(100_000), () => cancelledOutcome(0))) {
      records += block.length;
    }
    clearInterval(timer);
    expect(records).toBe(100_000);
    expect(ticks).toBeGreaterThan(2);
  });

  it('waits for the first file, and does not miss a file that is settled while a block is printed', async () => {
    const settled = new Map<string, Outcome>();
    let wake = () => {};
    const settle = (...names: readonly number[]) => {
      for (const name of names) {
        settled.set(`${name}.png`, cancelledOutcome(0));
      }
      wake();
    };
    const seen: number[][] = [];
    setTimeout(() => settle(1), 1);
    setTimeout(() => settle(0), 2);
    for await (const block of recordsInOrder(
      files(4),
      ({ path }) => settled.get(path),
      () =>
        new Promise((resolve) => {
          wake = resolve;
        }),
    )) {
      seen.push(block.map(({ index }) => index));
      if (seen.length === 1) {
        settle(2, 3);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    expect(seen).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });
});
