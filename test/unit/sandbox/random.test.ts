import { expect, test } from 'vitest';
import { createRandom } from '../../../src/sandbox/random.ts';

const take = (count: number, random: () => number) => Array.from({ length: count }, random);

test('the same seed gives the same numbers, another seed others', () => {
  expect(take(5, createRandom(7))).toEqual(take(5, createRandom(7)));
  expect(take(5, createRandom(7))).not.toEqual(take(5, createRandom(8)));
});

test('numbers lie in [0, 1) and are spread over it', () => {
  const numbers = take(10_000, createRandom(1));
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length / numbers.length;
    expect(share).toBeCloseTo(0.1, 1);
  }
});
