import { expect, test } from 'vitest';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { completeSettings } from '../../../src/settings/settings.ts';

const complete = (values: Record<string, unknown>) =>
  completeSettings(resolveSettings([{ source: { kind: 'user', path: '/u' }, values }]).settings);

test('absent settings are absent, and the timeout is in milliseconds', () => {
  expect(complete({})).toEqual({
    apiUrl: 'https://api.useapi.net/v1/dreamina',
    concurrency: 4,
    retries: 5,
    timeoutMs: 120_000,
  });
  expect(complete({ token: 'user:1-a', account: 'US:name@example.com' })).toMatchObject({
    token: 'user:1-a',
    account: 'US:name@example.com',
  });
});

test.each([
  [0.5, 500],
  [1.001, 1001],
  [0.0001, 1],
  [86_400, 86_400_000],
])('%d s is %d ms', (timeout, timeoutMs) => {
  expect(complete({ timeout }).timeoutMs).toBe(timeoutMs);
});
