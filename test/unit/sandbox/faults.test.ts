import { describe, expect, test } from 'vitest';
import {
  createFaultPlan,
  createRandom,
  type Fault,
  faultKinds,
  parseFault,
} from '../../../src/sandbox/faults.ts';

const take = (count: number, faults: readonly Fault[], seed = 1) => {
  const next = createFaultPlan(faults, seed);
  return Array.from({ length: count }, next);
};

describe('parseFault', () => {
  test.each(faultKinds)('reads the kind %s', (kind) => {
    expect(parseFault(`${kind}:2`)).toEqual({ kind, count: 2 });
  });

  test.each([
    ['429:0.3', { kind: '429', rate: 0.3 }],
    ['429:.5', { kind: '429', rate: 0.5 }],
    ['429:1.0', { kind: '429', rate: 1 }],
    ['429:1', { kind: '429', count: 1 }],
    ['429:30%', { kind: '429', rate: 0.3 }],
    ['429:12.5%', { kind: '429', rate: 0.125 }],
    ['429:1%', { kind: '429', rate: 0.01 }],
    ['429:100%', { kind: '429', rate: 1 }],
    ['reset-after-body:12', { kind: 'reset-after-body', count: 12 }],
  ])('%s', (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
  });

  test.each([
    ...[
      '',
      ':',
      '429',
      '4290',
      '5000',
      '429:',
      ':1',
      '418:1',
      'toString:1',
      ' 429:1',
      '429: 1',
      '429:1:1',
      '1:429:1',
    ],
    ...['429:0', '429:0.0', '429:0%', '429:1.5', '429:2.0', '429:101%', '429:-1', '429:+1', '429:1e3'],
    ...['429:NaN', '429:Infinity', '429:%', '429:.', '429:1.', '429:1 %', `429:${'9'.repeat(20)}`],
  ])('refuses "%s" and names what is allowed', (text) => {
    expect(() => parseFault(text)).toThrow(RangeError);
    expect(() => parseFault(text)).toThrow(
      `"${text}" is not a fault: it reads <kind>:<rate or count>, with a kind of 429, 500, 502-html, 596, reset, reset-after-body, slow, truncated-json, early-401, and a rate`,
    );
  });
});

describe('createFaultPlan', () => {
  test('plans no fault without faults', () => {
    expect(take(3, [])).toEqual([undefined, undefined, undefined]);
  });

  test('gives each count the first uploads that no earlier count has', () => {
    const faults: Fault[] = [
      { kind: '500', count: 2 },
      { kind: 'reset', count: 1 },
    ];
    expect(take(5, faults)).toEqual(['500', '500', 'reset', undefined, undefined]);
  });

  test('plans a fault for every upload with a rate of 1', () => {
    expect(take(20, [{ kind: '429', rate: 1 }])).toEqual(Array(20).fill('429'));
  });

  test('plans faults at the given rates, even with several', () => {
    const faults: Fault[] = [
      { kind: '429', rate: 0.4 },
      { kind: '500', rate: 0.2 },
      { kind: '596', rate: 0.3 },
      { kind: 'reset', rate: 0.1 },
    ];
    const drawn = take(10_000, faults);
    const share = (kind: string) => drawn.filter((other) => other === kind).length / drawn.length;
    for (const { kind, rate } of faults) {
      expect(share(kind)).toBeCloseTo(rate!, 1);
    }
  });

  test('chooses uploads for a rate by the seed, independent of an earlier count', () => {
    const rate: Fault = { kind: '429', rate: 0.5 };
    expect(take(50, [rate], 3)).toEqual(take(50, [rate], 3));
    expect(take(50, [rate], 3)).not.toEqual(take(50, [rate], 4));
    expect(take(50, [{ kind: 'reset', count: 5 }, rate], 3).slice(5)).toEqual(take(50, [rate], 3).slice(5));
  });

  test('refuses rates that add up to more than 1', () => {
    const faults: Fault[] = [
      { kind: '429', rate: 0.6 },
      { kind: '500', rate: 0.5 },
    ];
    expect(() => createFaultPlan(faults, 1)).toThrow(RangeError);
    expect(() => createFaultPlan(faults, 1)).toThrow('add up to 1.1');
  });

  test.each<object>([
    { kind: '418', count: 1 },
    { kind: '429' },
    { kind: '429', rate: 0.5, count: 1 },
    { kind: '429', rate: 0 },
    { kind: '429', rate: 1.1 },
    { kind: '429', rate: Number.NaN },
    { kind: '429', count: 0 },
    { kind: '429', count: 1.5 },
  ])('refuses %j', (fault) => {
    expect(() => createFaultPlan([fault as Fault], 1)).toThrow(RangeError);
    expect(() => createFaultPlan([fault as Fault], 1)).toThrow(/is not a fault: it needs a kind of 429, 500/);
  });
});

describe('createRandom', () => {
  const draw = (count: number, random: () => number) => Array.from({ length: count }, random);

  test('gives the same numbers for the same seed, and different ones for a different seed', () => {
    expect(draw(5, createRandom(7))).toEqual(draw(5, createRandom(7)));
    expect(draw(5, createRandom(7))).not.toEqual(draw(5, createRandom(8)));
  });

  test('spreads its numbers over [0, 1)', () => {
    const numbers = draw(10_000, createRandom(1));
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length / numbers.length;
      expect(share).toBeCloseTo(0.1, 1);
    }
  });
});
