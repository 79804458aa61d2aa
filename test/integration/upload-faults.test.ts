import { describe, expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { type FaultKind, faultKinds } from '../../src/sandbox/index.ts';
import { fixture } from '../fixtures.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';

const retries = 2;
const files = [fixture('night.png').file, fixture('sunset.jpg').file] as const;

interface Expectation {
  /** The result if only the very first attempt gets the fault. */
  readonly once: 'retried' | 'fatal';
  /** The error if every attempt gets it. */
  readonly always: Readonly<Record<string, unknown>>;
  /** Whether the server keeps the image although no good answer comes. */
  readonly stores: boolean;
}

const expectations: Readonly<Record<FaultKind, Expectation>> = {
  '429': {
    once: 'retried',
    always: { code: 'rate_limited', httpStatus: 429, retryable: true },
    stores: false,
  },
  '500': {
    once: 'retried',
    always: { code: 'server_error', httpStatus: 500, retryable: true },
    stores: false,
  },
  '502-html': {
    once: 'retried',
    always: { code: 'server_error', httpStatus: 502, retryable: true },
    stores: false,
  },
  '596': {
    once: 'fatal',
    always: { code: 'session_expired', httpStatus: 596, retryable: false },
    stores: false,
  },
  reset: { once: 'retried', always: { code: 'network', retryable: true }, stores: false },
  'reset-after-body': { once: 'retried', always: { code: 'network', retryable: true }, stores: true },
  slow: { once: 'retried', always: { code: 'timeout', retryable: true }, stores: true },
  'truncated-json': {
    once: 'retried',
    always: { code: 'bad_response', httpStatus: 200, retryable: true },
    stores: true,
  },
  'early-401': {
    once: 'fatal',
    always: { code: 'unauthorized', httpStatus: 401, retryable: false },
    stores: false,
  },
};

describe.each(faultKinds)('fault %s', (kind) => {
  const { once, always, stores } = expectations[kind];
  const fatal = once === 'fatal';
  // Only runs that must time out get a short timeout: on a busy machine, any answer may be late.
  const timeout = kind === 'slow' ? ['--timeout', '1'] : [];
  const args = ['upload', ...files, '-c', '1', '--retries', `${retries}`, ...timeout];
  const slowMs = 600_000;

  describe.each(['text', 'json'] as const)('in %s', (format) => {
    it('at the first attempt only', async () => {
      const { sandbox, env } = await sandboxWith({ faults: [{ kind, count: 1 }], slowMs });
      const result = await runCli([...args, '--format', format], { env });
      expect(result.exitCode).toBe(fatal ? 4 : 0);
      expect(sandbox.requests).toHaveLength(fatal ? 1 : 3);
      // The image of the first, failed attempt is an orphan: a second asset without a reference.
      const references = sandbox.assets.slice(stores ? 1 : 0).map(({ imageRef }) => imageRef);
      expect(references).toHaveLength(fatal ? 0 : 2);
      if (format === 'text') {
        expect(result.lines).toEqual(references);
      } else {
        expect(result.json()).toMatchObject(
          fatal
            ? [
                { status: 'failed', attempts: 1, error: always },
                { status: 'cancelled', attempts: 0 },
              ]
            : [
                { status: 'uploaded', attempts: 2, imageRef: references[0] },
                { status: 'uploaded', attempts: 1, imageRef: references[1] },
              ],
        );
      }
      // Each attempt sent the same bytes, as far as the server has read them.
      const hashes = sandbox.requests.slice(0, 2).map(({ sha256 }) => sha256);
      expect(new Set(hashes.filter((sha256) => sha256 !== undefined)).size).toBeLessThanOrEqual(1);
    });

    it('at every attempt', async () => {
      const { sandbox, env } = await sandboxWith({ faults: [{ kind, rate: 1 }], slowMs });
      // No attempt has to succeed, so a timeout may be very short.
      const atOnce = kind === 'slow' ? ['--timeout', '0.1'] : [];
      const result = await runCli([...args, ...atOnce, '--format', format], { env });
      const attempts = fatal ? 1 : retries + 1;
      expect(result.exitCode).toBe(fatal ? 4 : 1);
      expect(sandbox.requests).toHaveLength(fatal ? 1 : 2 * attempts);
      expect(sandbox.assets).toHaveLength(stores ? 2 * attempts : 0);
      expect(result.stderr).toContain(`error: ${files[0]}: `);
      if (format === 'text') {
        expect(result.stdout).toBe('');
      } else {
        const records = result.json<UploadRecord[]>();
        expect(records[0]).toMatchObject({ status: 'failed', attempts, error: always });
        expect(records[1]).toMatchObject(
          fatal ? { status: 'cancelled', attempts: 0 } : { status: 'failed', attempts, error: always },
        );
        expect('httpStatus' in (records[0] as { error: object }).error).toBe('httpStatus' in always);
      }
    });
  });
});
