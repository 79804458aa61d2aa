import { expect, test } from 'vitest';
import { Interruption, type UploadErrorCode } from '../../../src/errors.ts';
import { Tally } from '../../../src/report/tally.ts';
import type { UploadRecord } from '../../../src/upload/record.ts';
import { uploadedRecord } from '../../harness/uploaded-record.ts';

/** A record of that status; the code of an error means a failure. */
function record(kind: 'uploaded' | 'reused' | 'valid' | 'cancelled' | UploadErrorCode): UploadRecord {
  const base = { index: 0, path: 'a.png', attempts: 0 } as const;
  switch (kind) {
    case 'uploaded':
      return uploadedRecord();
    case 'reused':
      return { ...uploadedRecord(), status: kind };
    case 'valid':
      return { ...base, status: kind, type: 'image' };
    case 'cancelled':
      return { ...base, status: kind };
    default:
      return { ...base, status: 'failed', error: { code: kind, message: 'failed', retryable: false } };
  }
}

function tallyOf(kinds: readonly Parameters<typeof record>[0][]): Tally {
  const tally = new Tally();
  for (const kind of kinds) {
    tally.add(record(kind));
  }
  return tally;
}

const uninterrupted = new AbortController().signal;

test.each<[kinds: readonly Parameters<typeof record>[0][], exitCode: number]>([
  [['uploaded'], 0],
  [['uploaded', 'uploaded'], 0],
  [['reused'], 0],
  [['uploaded', 'reused'], 0],
  [['valid', 'valid'], 0],
  [['empty'], 1],
  [['network', 'timeout'], 1],
  [['cancelled'], 1],
  [['too_large', 'cancelled'], 1],
  [['uploaded', 'empty'], 3],
  [['server_error', 'uploaded'], 3],
  [['uploaded', 'cancelled'], 3],
  [['reused', 'rate_limited'], 3],
  [['valid', 'unsupported_type'], 3],
  [['unauthorized'], 4],
  [['payment_required'], 4],
  [['account_not_found'], 4],
  [['session_expired'], 4],
  [['uploaded', 'session_expired', 'cancelled'], 4],
  [['empty', 'unauthorized'], 4],
  [['unauthorized', 'uploaded', 'empty'], 4],
])('%j exits with %i', (kinds, exitCode) => {
  expect(tallyOf(kinds).exitCode(uninterrupted)).toBe(exitCode);
});

test.each([
  'unreadable',
  'not_a_file',
  'empty',
  'unsupported_type',
  'too_large',
  'changed',
  'rate_limited',
  'rejected',
  'server_error',
  'network',
  'timeout',
  'bad_response',
] as const)('%s does not affect the other files', (code) => {
  expect(tallyOf([code]).exitCode(uninterrupted)).toBe(1);
  expect(tallyOf([code, 'uploaded']).exitCode(uninterrupted)).toBe(3);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('a run stopped by %s exits with %i, whatever was settled', (cause, exitCode) => {
  const signal = AbortSignal.abort(new Interruption(cause));
  expect(tallyOf(['uploaded']).exitCode(signal)).toBe(exitCode);
  expect(tallyOf(['uploaded', 'cancelled']).exitCode(signal)).toBe(exitCode);
  expect(tallyOf(['unauthorized', 'cancelled']).exitCode(signal)).toBe(exitCode);
  expect(tallyOf([]).exitCode(signal)).toBe(exitCode);
});

test.each([new Interruption('stdout-closed'), new Error('stopped')])(
  'the exit code of a run stopped by "%s" depends on the settled files',
  (reason) => {
    const signal = AbortSignal.abort(reason);
    expect(tallyOf(['uploaded', 'uploaded']).exitCode(signal)).toBe(0);
    expect(tallyOf(['uploaded', 'cancelled']).exitCode(signal)).toBe(3);
    expect(tallyOf(['cancelled']).exitCode(signal)).toBe(1);
  },
);
