import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/upload/backoff.ts';

describe('backoffMs', () => {
  it.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [4, 4000],
    [5, 8000],
    [6, 16_000],
    [7, 30_000],
    [8, 30_000],
    [20, 30_000],
    [2000, 30_000],
  ])('after attempt %d gives 0 to %d ms', (attempt, longest) => {
    expect(backoffMs(attempt, undefined, () => 0)).toBe(0);
    expect(backoffMs(attempt, undefined, () => 0.5)).toBe(longest / 2);
    expect(backoffMs(attempt, undefined, () => 0.999)).toBe(longest * 0.999);
  });

  it.each([
    [30_000, 30_000],
    [299_999, 299_999],
    [300_000, 300_000],
    [300_001, 300_000],
    [Number.POSITIVE_INFINITY, 300_000],
  ])('turns a requested wait of %d ms into %d ms, whatever the attempt and the jitter', (asked, expected) => {
    expect(backoffMs(1, asked, () => 0)).toBe(expected);
    expect(backoffMs(9, asked, () => 0.999)).toBe(expected);
  });

  it.each([0, 1, 249, 1000])('raises a shorter wait to a requested %d ms, and never lowers one', (asked) => {
    expect(backoffMs(1, asked, () => 0)).toBe(asked);
    expect(backoffMs(1, asked, () => 0.5)).toBe(Math.max(asked, 250));
    expect(backoffMs(4, asked, () => 0.5)).toBe(2000);
  });
});
