import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { checkManifest, Manifest } from '../../src/upload/manifest.ts';
import type { UploadedOutcome, UploadRecord } from '../../src/upload/record.ts';
import { fixture } from '../fixtures.ts';
import { exampleReference } from '../harness/raw-server.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { casesOf } from './cases.ts';
import { damaged, hostileText, jsonOf } from './hostile-text.ts';
import { expectCleanPrototype, runAndExpect } from './promises.ts';

const night = fixture('night.png');

const entry = {
  sha256: '0'.repeat(64),
  account: 'US:name@example.com',
  endpoint: 'sandbox',
  type: 'image',
  assetRef: exampleReference,
  imageRef: exampleReference,
  width: 90,
  height: 120,
  size: 3443,
  contentType: 'image/png',
  uploadedAt: '2026-11-24T00:00:00.000Z',
};

const changes = fc.dictionary(
  fc.oneof(fc.constantFrom(...Object.keys(entry), '__proto__'), hostileText),
  fc.oneof(fc.constantFrom<unknown>('2026-02-31T00:00:00Z', -1, 'image/gif'), jsonOf(hostileText)),
  { maxKeys: 2 },
);

const line = fc.oneof(
  { weight: 4, arbitrary: fc.constant(JSON.stringify(entry)) },
  { weight: 2, arbitrary: changes.map((fields) => JSON.stringify({ ...entry, ...fields })) },
  { weight: 2, arbitrary: fc.nat(300).map((cut) => JSON.stringify(entry).slice(0, cut)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '\r', ' ', '{', '[]', 'null', '\ufeff', '\0\0\0\0', '{"sha256":"'),
  },
  { weight: 1, arbitrary: hostileText },
);

const lines = fc
  .tuple(fc.array(line, { maxLength: 5 }), fc.constantFrom('\n', '\n', '\n', '\r\n', '\0'), fc.boolean())
  .map(([all, end, isEnded]) => all.join(end) + (isEnded ? end : ''));

const manifestBytes = fc.oneof(
  { weight: 6, arbitrary: lines.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: damaged(lines.map((text) => Buffer.from(text))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
);

const scope = {
  account: entry.account,
  endpoint: entry.endpoint,
  maxAgeMs: undefined,
  clock: { epochMs: () => Date.UTC(2026, 10, 25) },
};

const never = new AbortController().signal;

const upload: UploadedOutcome = {
  status: 'uploaded',
  type: 'image',
  assetRef: exampleReference,
  imageRef: exampleReference,
  account: entry.account,
  size: 5,
  contentType: 'image/png',
  sha256: 'a'.repeat(64),
  attempts: 1,
  durationMs: 1,
};

async function isUsable(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (!(error instanceof UsageError)) {
      throw error;
    }
    return false;
  }
}

test('a manifest is accepted and can be extended, or is refused and left as it was', async () => {
  const file = join(await tempDir(), 'manifest');
  await fc.assert(
    fc.asyncProperty(manifestBytes, async (bytes) => {
      await writeFile(file, bytes);
      const isChecked = await isUsable(checkManifest(file, never));
      expect(await readFile(file)).toEqual(bytes);
      const isOpened = await isUsable(
        Manifest.open(file, scope, never).then(async (manifest) => {
          await manifest.add(upload);
          await manifest.close();
        }),
      );
      expect(isOpened).toBe(isChecked);
      const after = await readFile(file);
      if (isOpened) {
        // Nothing is cut off, and the new entry is found.
        expect(after.subarray(0, bytes.length)).toEqual(bytes);
        const again = await Manifest.open(file, scope, never);
        expect(again.find(upload.sha256)?.imageRef).toBe(upload.imageRef);
        await again.close();
      } else {
        expect(after).toEqual(bytes);
      }
      expectCleanPrototype();
    }),
    casesOf('manifest in bytes'),
  );
});

test('a successful run sends nothing twice, whatever the manifest contains', async () => {
  const homeDir = await tempDir();
  const file = join(homeDir, 'manifest');
  const argv = ['upload', '--sandbox', '--json', '--manifest', file, night.file];
  await fc.assert(
    fc.asyncProperty(manifestBytes, async (bytes) => {
      await writeFile(file, bytes);
      const expectation = { exitCodes: [0, 2], form: 'json' } as const;
      const first = await runAndExpect(argv, { homeDir }, expectation);
      const dry = await runAndExpect([...argv, '--dry-run'], { homeDir }, expectation);
      expect(dry.exitCode).toBe(first.exitCode);
      if (first.exitCode === 0) {
        const second = await runAndExpect(argv, { homeDir }, expectation);
        expect(second.json<UploadRecord[]>()[0]!.status).toBe('reused');
      }
      await rm(file);
    }),
    casesOf('run with a manifest'),
  );
});
