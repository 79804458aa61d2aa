import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseRetryAfter } from '../../../src/client/retry-after.ts';

const now = Date.UTC(2026, 10, 23, 7, 30, 0);

describe('parseRetryAfter', () => {
  it.each([
    ['0', 0],
    ['1', 1000],
    [' 120 ', 120_000],
    ['007', 7000],
    ['31536000', 31_536_000_000],
    ['Mon, 23 Nov 2026 07:30:05 GMT', 5000],
    ['Monday, 23-Nov-26 07:30:05 GMT', 5000],
    ['Mon Nov 23 07:30:05 2026', 5000],
    ['Tue, 24 Nov 2026 07:30:00 GMT', 86_400_000],
  ])('%j is %d ms', (value, expected) => {
    expect(parseRetryAfter(value, undefined, now)).toBe(expected);
  });

  it.each(['Asia/Tokyo', 'America/New_York'])('the old form of a date is in UTC, even in %s', (timeZone) => {
    vi.stubEnv('TZ', timeZone);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(new Date(now).getTimezoneOffset()).not.toBe(0);
    expect(parseRetryAfter('Mon Nov 23 07:30:05 2026', undefined, now)).toBe(5000);
  });

  it('a missing header gives no time', () => {
    expect(parseRetryAfter(undefined, undefined, now)).toBeUndefined();
  });

  it.each([
    '',
    ' ',
    '-5',
    '+5',
    '5.5',
    '1e3',
    '0x10',
    '5s',
    '5, 6',
    '२',
    'soon',
    'Soon 2099',
    'not before Mon, 23 Nov 2026 07:30:05 GMT',
    'Monday',
    'Mon, 99 Nov 2026 99:99:99 GMT',
    'Mon, 23 Nov 2026 07:30:00 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT',
    '2026-11-23T07:30:05Z',
    'NaN',
    'Infinity',
  ])('%j gives no time', (value) => {
    expect(parseRetryAfter(value, undefined, now)).toBeUndefined();
  });

  it.each([
    // The clock of this machine is an hour slower or faster than the clock of the server.
    ['Mon, 23 Nov 2026 08:30:05 GMT', 'Mon, 23 Nov 2026 08:30:00 GMT', 5000],
    ['Mon, 23 Nov 2026 06:30:05 GMT', 'Mon, 23 Nov 2026 06:30:00 GMT', 5000],
    ['Monday, 23-Nov-26 06:30:05 GMT', 'Mon Nov 23 06:30:00 2026', 5000],
    // An invalid date counts as no date.
    ['Mon, 23 Nov 2026 07:30:05 GMT', 'yesterday', 5000],
    ['Mon, 23 Nov 2026 07:30:05 GMT', '', 5000],
    ['Mon, 23 Nov 2026 08:30:05 GMT', ' Mon, 23 Nov 2026 08:30:00 GMT ', 5000],
    ['7', 'Mon, 23 Nov 2026 09:00:00 GMT', 7000],
  ])('%j in an answer of %j is %i ms', (value, date, expected) => {
    expect(parseRetryAfter(value, date, now)).toBe(expected);
  });

  it.each([
    ['Mon, 23 Nov 2026 08:30:05 GMT', 'Mon, 23 Nov 2026 08:30:05 GMT'],
    ['Mon, 23 Nov 2026 08:30:05 GMT', 'Mon, 23 Nov 2026 09:00:00 GMT'],
    ['soon', 'Mon, 23 Nov 2026 06:30:00 GMT'],
  ])('%j in an answer of %j gives no time', (value, date) => {
    expect(parseRetryAfter(value, date, now)).toBeUndefined();
  });
});
