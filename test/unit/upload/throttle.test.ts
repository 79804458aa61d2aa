import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Throttle } from '../../../src/upload/throttle.ts';
import { manualClock } from '../../harness/manual-clock.ts';

function start(most: number) {
  const clock = manualClock();
  const stopping = new AbortController();
  const throttle = new Throttle(most, clock, stopping.signal);
  const entered: (boolean | undefined)[] = [];
  /** Lets `count` more callers ask for a place, and returns the state of all callers once nothing changes. */
  const ask = async (count = 0) => {
    for (let i = 0; i < count; i += 1) {
      const place = entered.push(undefined) - 1;
      throttle.enter().then((result) => {
        entered[place] = result;
      });
    }
    await turn();
    return entered;
  };
  const inside = async () => (await ask()).filter((result) => result === true).length;
  return { clock, stopping, throttle, ask, inside };
}

describe('Throttle', () => {
  it('admits up to the limit, then one for each that leaves, first come, first served', async () => {
    const { throttle, ask } = start(2);
    expect(await ask(4)).toEqual([true, true, undefined, undefined]);
    throttle.leave();
    expect(await ask()).toEqual([true, true, true, undefined]);
    throttle.leave();
    expect(await ask()).toEqual([true, true, true, true]);
  });

  it('starts nothing during a pause, and everything that waits at its end', async () => {
    const { clock, throttle, ask, inside } = start(4);
    throttle.pause(10_000);
    await ask(2);
    expect(await inside()).toBe(0);
    await clock.advance(9_999);
    expect(await inside()).toBe(0);
    await clock.advance(1);
    expect(await inside()).toBe(2);
  });

  it('does not give away a free place during a pause', async () => {
    const { clock, throttle, ask, inside } = start(1);
    await ask(2);
    throttle.pause(5000);
    throttle.leave();
    expect(await inside()).toBe(1);
    await clock.advance(4999);
    expect(await inside()).toBe(1);
    await clock.advance(1);
    expect(await inside()).toBe(2);
  });

  it('keeps the longer of two pauses', async () => {
    const { clock, throttle, ask, inside } = start(4);
    throttle.pause(1000);
    await ask(1);
    throttle.pause(8000);
    throttle.pause(10);
    await clock.advance(1000);
    expect(await inside()).toBe(0);
    await clock.advance(6999);
    expect(await inside()).toBe(0);
    await clock.advance(1);
    expect(await inside()).toBe(1);
  });

  it('halves the number in flight each time, down to one', async () => {
    for (const [pauses, most] of [
      [1, 4],
      [2, 2],
      [3, 1],
      [9, 1],
    ] as const) {
      const { throttle, ask, inside } = start(8);
      for (let i = 0; i < pauses; i += 1) {
        throttle.pause(0);
      }
      await ask(8);
      expect(await inside()).toBe(most);
    }
  });

  it('restores one place for each answer, up to the limit', async () => {
    const { throttle, ask, inside } = start(4);
    throttle.pause(0);
    throttle.pause(0);
    await ask(20);
    let left = 0;
    const inFlight = [await inside()];
    while (left < 6) {
      throttle.speedUp();
      throttle.leave();
      left += 1;
      inFlight.push((await inside()) - left);
    }
    expect(inFlight).toEqual([1, 2, 3, 4, 4, 4, 4]);
  });

  it('halves the number in flight after a timeout, too, without a pause, and raises it slowly', async () => {
    const { throttle, inside, ask } = start(4);
    expect([throttle.slowDown(), throttle.slowDown(), throttle.slowDown()]).toEqual([2, 1, 1]);
    await ask(60);
    const inFlight: number[] = [];
    for (let left = 0; left < 40; left += 1) {
      inFlight.push((await inside()) - left);
      throttle.speedUp();
      throttle.leave();
    }
    // The first timeouts need eight successes for each step; at the limit, one is enough again.
    expect(inFlight).toEqual([
      ...Array(8).fill(1),
      ...Array(8).fill(2),
      ...Array(8).fill(3),
      ...Array(16).fill(4),
    ]);
  });

  it('raises the number by one for each success again, once it is back at the limit', async () => {
    const { throttle } = start(4);
    throttle.slowDown();
    for (let successes = 0; successes < 16; successes += 1) {
      throttle.speedUp();
    }
    throttle.pause(0);
    throttle.speedUp();
    throttle.speedUp();
    // Half of four.
    expect(throttle.slowDown()).toBe(2);
  });

  it('lowers the limit to the connections that could be opened', async () => {
    const { throttle, inside, ask } = start(64);
    await ask(64);
    expect(throttle.inFlight).toBe(64);
    for (const allowed of [63, 62, 61]) {
      expect(throttle.giveUpPlace()).toBe(allowed);
      throttle.leave();
    }
    await ask(10);
    expect(await inside()).toBe(64);
    expect(throttle.inFlight).toBe(61);
  });

  it('always allows at least one', async () => {
    const { throttle, inside, ask } = start(2);
    await ask(1);
    expect([throttle.giveUpPlace(), throttle.giveUpPlace()]).toEqual([1, 1]);
    throttle.leave();
    await ask(1);
    expect(await inside()).toBe(2);
  });

  it('ends every wait after a stop: for a place, for the end of a pause, and before either', async () => {
    const waiting = start(1);
    await waiting.ask(2);
    waiting.stopping.abort();
    expect(await waiting.ask(1)).toEqual([true, false, false]);

    const paused = start(1);
    paused.throttle.pause(60_000);
    await paused.ask(1);
    paused.stopping.abort();
    expect(await paused.ask()).toEqual([false]);
  });
});
