import { expect, it } from 'vitest';
import { formatProgress, type ProgressState } from '../../../src/report/progress-line.ts';

const state: ProgressState = {
  settledFiles: 3,
  files: 12,
  sentBytes: 30_000_000,
  bytes: 120_000_000,
  elapsedMs: 10_000,
  waiting: [],
  isStopped: false,
};

it.each<[string, Partial<ProgressState>, number, string]>([
  ['the whole line', {}, 80, ' 3/12 files    30 MB of 120 MB     3 MB/s  30s left'],
  ['no rate', {}, 45, ' 3/12 files    30 MB of 120 MB  30s left'],
  ['no time', {}, 35, ' 3/12 files    30 MB of 120 MB'],
  ['files only', {}, 20, ' 3/12 files'],
  ['a part of the files', {}, 5, ' 3/12'],
  ['nothing', {}, -3, ''],
  ['no rate yet', { elapsedMs: 999 }, 80, ' 3/12 files    30 MB of 120 MB'],
  [
    'all bytes sent',
    { sentBytes: 120_000_000 },
    90,
    ' 3/12 files   120 MB of 120 MB    12 MB/s  waiting for the last answers',
  ],
  ['at least a second', { sentBytes: 119_999_999 }, 80, ' 3/12 files   120 MB of 120 MB    12 MB/s  1s left'],
  [
    'a retry beside the bytes',
    { waiting: ['1 to retry (503 from api.example.com)', '1 to retry'] },
    100,
    ' 3/12 files    30 MB of 120 MB     3 MB/s  30s left  1 to retry (503 from api.example.com)',
  ],
  [
    'a retry in fewer words',
    { waiting: ['1 to retry (503 from api.example.com)', '1 to retry'] },
    80,
    ' 3/12 files    30 MB of 120 MB     3 MB/s  30s left  1 to retry',
  ],
  [
    'a wait instead of the rate',
    { isStopped: true, waiting: ['server busy, resuming in 9s (429 from x)', 'server busy, resuming in 9s'] },
    80,
    ' 3/12 files    30 MB of 120 MB  server busy, resuming in 9s (429 from x)',
  ],
  [
    'a wait rather than bytes',
    { isStopped: true, waiting: ['server busy, resuming in 9s (429 from x)', 'server busy, resuming in 9s'] },
    40,
    ' 3/12 files  server busy, resuming in 9s',
  ],
])('shows %s', (_what, differences, width, line) => {
  expect(formatProgress({ ...state, ...differences }, width)).toBe(line);
});
