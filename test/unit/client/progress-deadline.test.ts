import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProgressDeadline } from '../../../src/client/progress-deadline.ts';
import type { ApiError } from '../../../src/errors.ts';

const megabyte = 1024 * 1024;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A deadline of 10 s over an upload of 10 MiB. */
function start(bodyBytes = 10 * megabyte) {
  const startedAtMs = performance.now();
  const expired: [seconds: number, message: string][] = [];
  const deadline = new ProgressDeadline({
    timeoutMs: 10_000,
    bodyBytes,
    onExpired: ({ message }: ApiError) => {
      expired.push([Math.round((performance.now() - startedAtMs) / 1000), message]);
    },
  });
  const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);
  return { deadline, expired, pass };
}

it('ends an attempt that does not connect', async () => {
  const { deadline, expired, pass } = start();
  deadline.connecting();
  await pass(60);
  expect(expired).toEqual([[10, 'no connection within 10 s']]);
});

it('starts again when it is connected', async () => {
  const { deadline, expired, pass } = start();
  deadline.connecting();
  await pass(9);
  deadline.connected();
  await pass(60);
  expect(expired).toEqual([[19, 'nothing could be sent for 10 s']]);
});

it('starts the wait for the answer to a request without a body at its connection', async () => {
  const { deadline, expired, pass } = start(0);
  deadline.connecting();
  await pass(5);
  deadline.connected();
  await pass(60);
  expect(expired).toEqual([[15, 'no complete answer within 10 s']]);
});

it('waits as long as bytes are sent, each in its time', async () => {
  const { deadline, expired, pass } = start();
  for (let i = 0; i < 9; i += 1) {
    await pass(9);
    deadline.sent(megabyte);
  }
  expect(expired).toEqual([]);
});

it('allows bytes in system buffers the time that they take at the rate so far', async () => {
  const { deadline, expired, pass } = start();
  for (let i = 0; i < 10; i += 1) {
    await pass(2);
    deadline.sent(megabyte);
  }
  await pass(600);
  // 10 MiB were written in 20 s, and all of them may still be in transit.
  expect(expired).toEqual([[20 + 20 + 10, 'no complete answer within 10 s']]);
});

it('counts at most the bytes that buffers hold', async () => {
  const { deadline, expired, pass } = start(64 * megabyte);
  for (let i = 0; i < 64; i += 1) {
    await pass(1);
    deadline.sent(megabyte);
  }
  await pass(600);
  expect(expired).toEqual([[64 + 16 + 10, 'no complete answer within 10 s']]);
});

it('gives no extra time for bytes that were sent at once', async () => {
  const { deadline, expired, pass } = start();
  deadline.sent(10 * megabyte);
  await pass(600);
  expect(expired).toEqual([[10, 'no complete answer within 10 s']]);
});

it('forgets the bytes that were sent on a closed connection', async () => {
  const { deadline, expired, pass } = start();
  await pass(9);
  deadline.sent(10 * megabyte);
  deadline.connecting();
  deadline.connected();
  await pass(600);
  expect(expired).toEqual([[19, 'nothing could be sent for 10 s']]);
});

it('does nothing once it is stopped, not even in the turn of the event loop in which it expires', async () => {
  const { deadline, expired, pass } = start();
  setTimeout(() => deadline.stop(), 10_000);
  await pass(600);
  expect(expired).toEqual([]);
});
