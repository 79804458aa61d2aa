import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError, FileError } from '../../../src/errors.ts';
import type { PreparedAsset } from '../../../src/media/check-asset.ts';
import type { Uploader } from '../../../src/upload/attempts.ts';
import type { CheckedFile } from '../../../src/upload/checked-file.ts';
import type { UploadRecord } from '../../../src/upload/record.ts';
import { uploadBatch } from '../../../src/upload/upload-batch.ts';

type Step = 'good' | 'server_error' | 'rate_limited' | 'rejected' | 'unauthorized';

const retryable: readonly Step[] = ['server_error', 'rate_limited'];

/** The server's answers to the attempts of one file; the last answer is repeated. */
const script = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>('good') },
    { weight: 3, arbitrary: fc.constantFrom<Step>('server_error', 'rate_limited') },
    { weight: 1, arbitrary: fc.constantFrom<Step>('rejected', 'unauthorized') },
  ),
  { minLength: 1, maxLength: 4 },
);

const batch = fc.record({
  scripts: fc.array(fc.option(script, { nil: 'refused' as const, freq: 10 }), {
    minLength: 1,
    maxLength: 12,
  }),
  /** The files that are named a second time at the end. */
  repeats: fc.array(fc.nat(11), { maxLength: 3 }),
  concurrency: fc.integer({ min: 1, max: 5 }),
  retries: fc.integer({ min: 0, max: 3 }),
  failFast: fc.boolean(),
  /** The number of attempts before the run is interrupted. */
  interruptAt: fc.option(fc.nat(20)),
});

describe('uploadBatch, for any answers, in any order, with any interruption,', () => {
  it('gives one record per input, in order, sends no settled file again, and stays within its bound', async () => {
    await fc.assert(
      fc.asyncProperty(batch, fc.scheduler(), async (plan, scheduler) => {
        const { scripts, repeats, concurrency, retries, failFast, interruptAt } = plan;
        const interruption = new AbortController();
        const attempts = scripts.map(() => 0);
        const settled = scripts.map(() => false);
        let inFlight = 0;
        let started = 0;
        let now = 0;

        const uploader: Uploader = {
          upload: async ({ bytes }, signal) => {
            const file = bytes[0]!;
            expect(settled[file], 'a settled file is sent again').toBe(false);
            const steps = scripts[file] as readonly Step[];
            const step = steps[Math.min(attempts[file]!, steps.length - 1)]!;
            attempts[file]! += 1;
            inFlight += 1;
            expect(inFlight, 'more in flight than allowed').toBeLessThanOrEqual(concurrency);
            if (started === interruptAt) {
              interruption.abort(new Error('interrupted'));
            }
            started += 1;
            try {
              await scheduler.schedule(Promise.resolve(), `answer to file ${file}`);
              signal.throwIfAborted();
              const last = attempts[file]! > retries || !retryable.includes(step);
              settled[file] = step === 'good' || last;
              if (step !== 'good') {
                throw new ApiError(step, step, { retryable: retryable.includes(step) });
              }
              return { assetRef: `reference-${file}`, account: 'US:a@b.c', warnings: [] };
            } finally {
              inFlight -= 1;
            }
          },
        };
        const assetOf = (i: number): PreparedAsset => ({
          type: 'image',
          contentType: 'image/png',
          sizeBytes: 1,
          prepare() {
            return Promise.resolve(this);
          },
          readInto: () => scheduler.schedule(Promise.resolve(Buffer.from([i])), `read file ${i}`),
        });
        const files = scripts.map(
          (steps, i): CheckedFile => ({
            path: `${i}.png`,
            check:
              steps === 'refused'
                ? { kind: 'refused', error: new FileError('empty', 'it is empty') }
                : {
                    kind: 'acceptable',
                    asset: assetOf(i),
                  },
          }),
        );
        const inputs = [...files, ...repeats.map((i) => files[i % files.length]!)];

        const records: UploadRecord[] = [];
        const run = (async () => {
          const destination = { uploader, account: 'US:a@b.c' };
          const options = { destination, concurrency, retries, failFast };
          for await (const block of uploadBatch(inputs, options, {
            clock: {
              epochMs: () => now,
              monotonicMs: () => now,
              sleep: async (ms, signal) => {
                if (!signal.aborted) {
                  await scheduler.schedule(Promise.resolve(), 'sleep');
                  now += ms;
                }
              },
            },
            random: () => 0.5,
            signal: interruption.signal,
            onEvent: () => {},
          })) {
            records.push(...block);
          }
        })();
        await scheduler.waitFor(run);

        expect(records.map(({ index, path }) => [index, path])).toEqual(
          inputs.map(({ path }, i) => [i, path]),
        );
        const stoppable =
          failFast ||
          interruptAt !== null ||
          scripts.some((steps) => steps.includes('unauthorized' as never));
        for (const record of records) {
          const file = Number.parseInt(record.path, 10);
          const steps = scripts[file]!;
          if (steps === 'refused') {
            expect(record).toMatchObject({ status: 'failed', attempts: 0, error: { code: 'empty' } });
          } else if (record.status === 'uploaded') {
            expect(record.imageRef).toBe(`reference-${file}`);
            expect(record.attempts).toBe(attempts[file]);
            expect(steps[Math.min(record.attempts, steps.length) - 1]).toBe('good');
          } else if (record.status === 'failed') {
            expect(record.attempts).toBe(attempts[file]);
            expect(record.error.code).toBe(steps[Math.min(record.attempts, steps.length) - 1]);
          } else {
            expect(record.status).toBe('cancelled');
            expect(stoppable, 'nothing stopped the batch').toBe(true);
          }
        }
        // An interrupted batch does not wait for work that takes long to end.
        if (interruptAt === null) {
          expect(inFlight).toBe(0);
        }
      }),
      { numRuns: 150 },
    );
  });
});
