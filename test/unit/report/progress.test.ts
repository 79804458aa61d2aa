import { Writable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { ApiError } from '../../../src/errors.ts';
import { createProgress } from '../../../src/report/progress.ts';

const file = { index: 0, path: 'a.png' };
const other = { index: 1, path: 'b.png' };
const started = { type: 'attempt-started', attempt: 1, sizeBytes: 3000 } as const;
const failed = { type: 'attempt-failed', attempt: 1, retryInMs: 200_000 } as const;
const unavailable = new ApiError('server_error', 'it failed', { httpStatus: 503 });

/** Draws on a stream of that width; `frame` is the last line that it shows. */
function draw(files: number, columns = 120) {
  let written = '';
  let now = 0;
  const stream = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    }),
    { columns },
  );
  const resize = (wide: number) => {
    stream.columns = wide;
    stream.emit('resize');
  };
  const { onEvent, stop } = createProgress(
    stream,
    { files, bytes: files * 3000 },
    {
      server: 'api.example.com',
      clock: { monotonicMs: () => now },
      job: { isForeground: () => true, hasFilterOnTerminal: () => false, onSuspend: () => () => {} },
      isColoured: false,
    },
  );
  onTestFinished(stop);
  return {
    onEvent,
    resize,
    pass: (ms: number) => {
      now += ms;
    },
    written: () => written,
    frame: () => {
      resize(0);
      written = '';
      // It is drawn at once.
      resize(columns);
      return written.replace(/^\S+ +/, '').trimEnd();
    },
  };
}

it('says why the batch waits and when it continues', () => {
  const { onEvent, pass, frame } = draw(1);
  onEvent({ ...started, ...file });
  onEvent({ type: 'bytes-sent', ...file, bytes: 3000 });
  onEvent({ ...failed, ...file, error: new ApiError('rate_limited', 'it is busy', { httpStatus: 429 }) });
  onEvent({ type: 'batch-paused', delayMs: 200_000 });
  pass(10_000);
  expect(frame()).toBe(
    '0/1 files      0 B of 3 kB  server busy, resuming in 3m 10s (429 from api.example.com)',
  );
});

it('reports a retry while other files are sent', () => {
  const { onEvent, frame } = draw(2);
  onEvent({ ...started, ...file });
  onEvent({ ...started, ...other });
  onEvent({ ...failed, ...file, error: unavailable });
  expect(frame()).toBe('0/2 files      0 B of 6 kB  1 to retry (503 from api.example.com)');
});

it('waits for the answers once all bytes are sent', () => {
  const { onEvent, pass, frame } = draw(1);
  onEvent({ ...started, ...file });
  onEvent({ type: 'bytes-sent', ...file, bytes: 3000 });
  pass(2000);
  expect(frame()).toBe('0/1 files     3 kB of 3 kB   1.5 kB/s  waiting for the last answers');
});

it('is drawn once the terminal has a width', () => {
  const { resize, written } = draw(1, 0);
  expect(written()).toBe('');
  resize(80);
  expect(written()).toContain('0/1 files');
});

it.each([
  [29, '0/1 files      0 B of 3 kB'],
  [28, '0/1 files'],
])('leaves room for the spinner and the last of %i columns', (columns, line) => {
  expect(draw(1, columns).frame()).toBe(line);
});
