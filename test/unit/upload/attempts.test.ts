import { expect, test } from 'vitest';
import { ApiError, type ApiErrorCode } from '../../../src/errors.ts';
import type { PreparedAsset } from '../../../src/media/check-asset.ts';
import { attemptUpload } from '../../../src/upload/attempts.ts';
import type { UploadEvent } from '../../../src/upload/event.ts';
import { Outage } from '../../../src/upload/outage.ts';
import { Throttle } from '../../../src/upload/throttle.ts';

const account = 'US:name@example.com';
const good = { assetRef: 'reference', account, warnings: [] };
const bytes = Buffer.from('0123456789');
const asset: PreparedAsset = {
  type: 'image',
  contentType: 'image/png',
  sizeBytes: bytes.length,
  prepare: async () => asset,
  readInto: async () => bytes,
};

/** One attempt: it returns an asset, or throws. */
type Step = (attempt: {
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
  readonly batch: ReturnType<typeof startBatch>;
}) => Promise<typeof good> | typeof good;

const fails =
  (code: ApiErrorCode, details: ConstructorParameters<typeof ApiError>[2] = {}): Step =>
  () => {
    throw new ApiError(code, code, details);
  };
const unreachable = fails('network', { isUnreachable: true });
const outOfHandles = fails('network', { cause: Object.assign(new Error('socket'), { code: 'EMFILE' }) });
const succeeds: Step = () => good;

/** A batch in which time passes only by sleeping. */
function startBatch({ retries = 2, concurrency = 4 } = {}) {
  const events: UploadEvent[] = [];
  const sleeps: number[] = [];
  const draining = new AbortController();
  const stopped = new AbortController();
  let now = 0;
  const clock = {
    epochMs: () => now,
    monotonicMs: () => now,
    sleep: async (ms: number) => {
      sleeps.push(ms);
      now += ms;
    },
  };
  const throttle = new Throttle(concurrency, clock, draining.signal);
  const outage = new Outage();
  return { retries, events, sleeps, draining, stopped, clock, throttle, outage };
}

async function upload(steps: readonly Step[], batch = startBatch()) {
  let sentFiles = 0;
  let started = 0;
  const result = await attemptUpload(
    {
      index: 7,
      path: 'a.png',
      asset,
      bytes,
      recipe: undefined,
      // Called once the whole body was sent.
      sha256: async () => {
        sentFiles += 1;
        return '';
      },
      elapsedMs: () => 0,
    },
    {
      ...batch,
      account,
      random: () => 0.5,
      draining: batch.draining.signal,
      stopped: batch.stopped.signal,
      onEvent: (event) => batch.events.push(event),
      uploader: {
        upload: async (_asset, signal, onSent) => {
          const step = steps[started]!;
          started += 1;
          return step({ signal, onSent, batch });
        },
      },
    },
  );
  expect(started).toBe(steps.length);
  expect(batch.throttle.inFlight).toBe(0);
  return { result, batch, sentFiles };
}

const typesOf = (events: readonly UploadEvent[]) => events.map(({ type }) => type);

test('reports each part that is sent, and the end of the body once', async () => {
  const { result, batch, sentFiles } = await upload([
    ({ onSent }) => {
      onSent(4);
      onSent(6);
      return good;
    },
  ]);
  expect(result).toEqual({ kind: 'uploaded', asset: good, attempts: 1 });
  expect(batch.events).toEqual([
    { type: 'attempt-started', index: 7, path: 'a.png', attempt: 1, sizeBytes: 10 },
    { type: 'bytes-sent', index: 7, path: 'a.png', bytes: 4 },
    { type: 'bytes-sent', index: 7, path: 'a.png', bytes: 6 },
  ]);
  expect(sentFiles).toBe(1);
});

test('does not count a partly sent body as sent', async () => {
  const { sentFiles } = await upload([
    ({ onSent }) => {
      onSent(9);
      return good;
    },
  ]);
  expect(sentFiles).toBe(0);
});

test('retries an attempt that may succeed, as often as allowed', async () => {
  const trouble = fails('server_error', { retryable: true });
  const { result, batch } = await upload([trouble, trouble, trouble]);
  expect(result).toMatchObject({
    kind: 'failed',
    attempts: 3,
    isOutage: false,
    error: { code: 'server_error' },
  });
  expect(batch.events.filter(({ type }) => type === 'attempt-failed')).toMatchObject([
    { attempt: 1, retryInMs: batch.sleeps[0] },
    { attempt: 2, retryInMs: batch.sleeps[1] },
    { attempt: 3, retryInMs: undefined },
  ]);
  expect(batch.sleeps).toHaveLength(2);
});

test('does not retry an attempt that would fail again', async () => {
  expect((await upload([fails('rejected')])).result).toMatchObject({ kind: 'failed', attempts: 1 });
});

test('pauses the batch after a 429, without a further wait for the file', async () => {
  const { result, batch } = await upload([fails('rate_limited', { retryAfterMs: 9000 }), succeeds]);
  expect(result).toMatchObject({ kind: 'uploaded', attempts: 2 });
  const [pauseMs] = batch.sleeps;
  expect(pauseMs).toBeGreaterThanOrEqual(9000);
  expect(batch.sleeps).toEqual([pauseMs]);
  expect(batch.events).toContainEqual({ type: 'batch-paused', delayMs: pauseMs });
});

test('slows the batch down after a timeout', async () => {
  const { batch } = await upload([fails('timeout'), succeeds]);
  expect(typesOf(batch.events)).toEqual([
    'attempt-started',
    'attempt-failed',
    'batch-slowed',
    'attempt-started',
  ]);
  expect(batch.events).toContainEqual({ type: 'batch-slowed', concurrency: 2 });
});

test('does not slow the batch down after other failures', async () => {
  const { batch } = await upload([fails('server_error', { retryable: true }), succeeds]);
  expect(typesOf(batch.events)).toEqual(['attempt-started', 'attempt-failed', 'attempt-started']);
});

test('reports an outage once, with the retries left', async () => {
  const { result, batch } = await upload([unreachable, unreachable, unreachable]);
  expect(result).toMatchObject({ kind: 'failed', attempts: 3, isOutage: true });
  expect(batch.events.filter(({ type }) => type === 'host-unreachable')).toMatchObject([{ retries: 2 }]);
});

test('does not report an outage without a retry', async () => {
  const { result, batch } = await upload([unreachable], startBatch({ retries: 0 }));
  expect(result).toMatchObject({ kind: 'failed', isOutage: true });
  expect(typesOf(batch.events)).toEqual(['attempt-started', 'attempt-failed']);
});

test('ends an outage with any answer, and reports the next one', async () => {
  const batch = startBatch({ retries: 3 });
  const { result } = await upload(
    [unreachable, fails('server_error', { retryable: true }), unreachable, unreachable],
    batch,
  );
  expect(batch.events.filter(({ type }) => type === 'host-unreachable')).toMatchObject([
    { retries: 3 },
    { retries: 1 },
  ]);
  // This file itself has reached the host.
  expect(result).toMatchObject({ kind: 'failed', isOutage: false });
});

test('does not call it an outage if another file has reached the host since', async () => {
  const { result } = await upload(
    [unreachable, unreachable, unreachable].with(1, (attempt) => {
      attempt.batch.outage.end();
      return unreachable(attempt);
    }),
  );
  expect(result).toMatchObject({ kind: 'failed', isOutage: false });
});

test('ends an outage with a success', async () => {
  const { batch } = await upload([unreachable, succeeds]);
  expect(batch.outage.reachedCount).toBe(1);
  expect(batch.outage.begin()).toBe(true);
});

test('does not count an attempt without a connection, if others have too many', async () => {
  const batch = startBatch({ retries: 0 });
  await batch.throttle.enter();
  const { sleep } = batch.clock;
  batch.clock.sleep = async (ms) => {
    batch.throttle.leave();
    await sleep(ms);
  };
  const { result } = await upload([outOfHandles, succeeds], batch);
  expect(result).toEqual({ kind: 'uploaded', asset: good, attempts: 1 });
  expect(batch.events).toMatchObject([
    { type: 'attempt-started', attempt: 1 },
    { type: 'attempt-failed', index: 7, path: 'a.png', attempt: 1, retryInMs: 250 },
    { type: 'batch-slowed', concurrency: 1 },
    { type: 'attempt-started', attempt: 1 },
  ]);
  expect(batch.sleeps).toEqual([250]);
});

test('counts an attempt without a connection if there are no others', async () => {
  const { result } = await upload([outOfHandles], startBatch({ retries: 0 }));
  expect(result).toMatchObject({ kind: 'failed', attempts: 1 });
});

test('counts an attempt without a connection if nothing new may start', async () => {
  const batch = startBatch();
  await batch.throttle.enter();
  const { result } = await upload(
    [
      (attempt) => {
        batch.draining.abort();
        batch.throttle.leave();
        return outOfHandles(attempt);
      },
    ],
    batch,
  );
  expect(result).toMatchObject({ kind: 'failed', attempts: 1 });
});

test('cancels an attempt in flight after a stop', async () => {
  const { result } = await upload([
    ({ batch, signal }) => {
      batch.stopped.abort(new Error('stopped'));
      throw signal.reason;
    },
  ]);
  expect(result).toEqual({ kind: 'cancelled', attempts: 1 });
});

test('cancels a file that has not started', async () => {
  const batch = startBatch();
  batch.draining.abort();
  expect((await upload([], batch)).result).toEqual({ kind: 'cancelled', attempts: 0 });
});

test('ends the retries while it drains', async () => {
  const { result } = await upload([
    (attempt) => {
      attempt.batch.draining.abort();
      return fails('server_error', { retryable: true })(attempt);
    },
  ]);
  expect(result).toMatchObject({ kind: 'failed', attempts: 1 });
});

test('throws a bug unchanged', async () => {
  const bug = new TypeError('a bug');
  await expect(upload([() => Promise.reject(bug)])).rejects.toBe(bug);
});
