import { expect, it } from 'vitest';
import type { UploadedRecord } from '../../src/index.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';

it('uploads 1,000 files, in order, although two attempts in five fail', async () => {
  const { sandbox, env } = await sandboxWith({
    faults: [
      { kind: '429', rate: 0.08 },
      { kind: '500', rate: 0.08 },
      { kind: '502-html', rate: 0.06 },
      { kind: 'reset', rate: 0.06 },
      { kind: 'reset-after-body', rate: 0.06 },
      { kind: 'truncated-json', rate: 0.05 },
      { kind: 'slow', rate: 0.01 },
    ],
    slowMs: 10 * 60_000,
    seed: 20_261_123,
  });
  const folder = await imageFolder(1000);
  const result = await runCli(
    ['upload', '-r', folder, '-c', '16', '--retries', '20', '--timeout', '2', '--json'],
    { env },
  );
  expect(result.exitCode).toBe(0);
  const records = result.json<UploadedRecord[]>();
  expect(records.map(({ path }) => path)).toEqual(
    Array.from({ length: 1000 }, (_, i) => `${folder}/${i}.png`),
  );
  const byReference = new Map(sandbox.assets.map((asset) => [asset.imageRef, asset]));
  for (const record of records) {
    // The reference belongs to exactly these bytes.
    expect(byReference.get(record.imageRef)?.sha256).toBe(record.sha256);
  }
  const attempts = records.reduce((sum, record) => sum + record.attempts, 0);
  expect(attempts).toBe(sandbox.requests.length);
  expect(sandbox.requests.filter(({ fault }) => fault !== undefined).length / attempts).toBeCloseTo(0.4, 1);
  expect(sandbox.maxInFlight).toBeLessThanOrEqual(16);
});
