import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const files = 3000;
const kills = 100;
const concurrency = 4;

it('loses no reference to 100 runs that are killed at random moments', async () => {
  let requests = 0;
  let onCount = () => {};
  const { sandbox, env } = await sandboxWith({
    latencyMs: 15,
    onRequest: () => {
      requests += 1;
      onCount();
    },
  });
  const folder = await imageFolder(files);
  const manifest = join(await tempDir(), 'manifest.ndjson');
  const args = ['upload', '-r', folder, '-c', `${concurrency}`, '--manifest', manifest, '--format', 'ndjson'];
  const manifestLines = async () => (await readFile(manifest, 'utf8').catch(() => '')).split('\n');

  const printed = new Set<string>();
  for (let i = 0; i < kills; i += 1) {
    const run = spawnCli(args, { env });
    // At any time from its first request to well into the batch, and then anywhere between two answers.
    const enough = requests + 1 + Math.floor(Math.random() * 50);
    await new Promise<void>((resolve) => {
      onCount = () => requests >= enough && resolve();
    });
    await delay(Math.random() * 20);
    run.process.kill('SIGKILL');
    expect(await run.ended).toBe('SIGKILL');
    for (const line of run.stdout().split('\n').slice(0, -1)) {
      printed.add((JSON.parse(line) as { imageRef: string }).imageRef);
    }
  }
  expect((await manifestLines()).length, 'the killed runs did not finish').toBeLessThan(files);
  expect(printed.size, 'the killed runs got somewhere').toBeGreaterThan(kills);

  const last = spawnCli(args, { env });
  expect(await last.ended).toBe(0);
  const records = last
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as UploadRecord & { imageRef: string; sha256: string });
  expect(records.map(({ index }) => index)).toEqual(Array.from({ length: files }, (_, i) => i));

  const lines = await manifestLines();
  expect(lines.pop()).toBe('');
  const entries = lines.map((line) => JSON.parse(line) as { imageRef: string; sha256: string });
  const remembered = new Map(entries.map(({ imageRef, sha256 }) => [imageRef, sha256]));
  expect(new Set(entries.map(({ sha256 }) => sha256)).size, 'every content once').toBe(files);
  expect(entries).toHaveLength(files);
  for (const imageRef of printed) {
    expect(remembered.has(imageRef), 'a printed reference is in the manifest').toBe(true);
  }
  const known = new Map(sandbox.assets.map(({ imageRef, sha256 }) => [imageRef, sha256]));
  for (const { imageRef, sha256 } of records) {
    expect(remembered.get(imageRef)).toBe(sha256);
    expect(known.get(imageRef)).toBe(sha256);
  }
  expect(sandbox.assets.length - files, 'orphans').toBeLessThanOrEqual(kills * concurrency);
});
