import { copyFileSync, linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { runCli } from '../harness/run-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const count = 500;

it('checks hundreds of files, in natural order', async () => {
  const cwd = await tempDir();
  copyFileSync(fixture('night.png').file, join(cwd, 'image'));
  writeFileSync(join(cwd, 'text'), 'text');
  for (let i = 0; i < count; i += 1) {
    // Links are faster to create than files.
    linkSync(join(cwd, i % 25 === 7 ? 'text' : 'image'), join(cwd, `${i}.png`));
  }
  const result = await runCli(['upload', '--dry-run', '--format', 'ndjson', '-r', '.', '7.png'], { cwd });
  expect(result.exitCode).toBe(3);
  const records = result.lines.map((line) => JSON.parse(line) as UploadRecord);
  expect(records.map(({ index, path, status }) => `${index} ${path} ${status}`)).toEqual([
    ...Array.from({ length: count }, (_, i) => `${i} ${i}.png ${i % 25 === 7 ? 'failed' : 'valid'}`),
    `${count} 7.png failed`,
  ]);
  // The first ten failures of a kind are reported one by one, the others together; each message names its file.
  const what = 'it is a text file; JPEG, PNG, WebP, MP4, QuickTime, WebM, MP3, WAV, M4A and AAC are accepted';
  const bad = [...Array.from({ length: count / 25 }, (_, i) => `${i * 25 + 7}.png`), '7.png'];
  const errors = result.stderr.split('\n').filter((line) => /\.png/.test(line));
  expect(errors).toEqual([
    ...bad.slice(0, 10).map((path) => `error: ${path}: ${what}`),
    ...bad.slice(10).map((path) => `  ${path}`),
  ]);
  expect(result.stderr).toContain(`\nerror: 11 more: ${what}\n`);
  expect(result.stderr).toMatch(/\n480 valid, 21 failed\n$/);
});
