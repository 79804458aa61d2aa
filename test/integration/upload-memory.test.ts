import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { UploadedRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { certificateFile, selfSigned } from '../harness/certificate.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { tempDir } from '../harness/temp-dir.ts';

const faults = [
  { kind: 'reset', rate: 0.2 },
  { kind: 'reset-after-body', rate: 0.1 },
  { kind: '500', rate: 0.1 },
  { kind: 'truncated-json', rate: 0.1 },
  { kind: 'slow', rate: 0.05 },
] as const;

// Images are read into memory that held other images, while requests are cut off, abandoned and repeated.
it.each([
  ['http', {}],
  ['https', { tls: selfSigned }],
])('each file arrives as it is on disk, without bytes of another file: %s', async (_, options) => {
  const { sandbox, env } = await sandboxWith({ ...options, faults, slowMs: 60_000, seed: 7 });
  const cwd = await tempDir();
  const night = await readFile(fixture('night.png').file);
  const sums: string[] = [];
  for (let i = 0; i < 12; i += 1) {
    // Of different lengths, so that the rest of a longer one would show.
    const image = Buffer.concat([night, randomBytes(500_000 + ((i * 7919) % 12) * 200_000)]);
    await writeFile(join(cwd, `${i}.png`), image);
    sums.push(createHash('sha256').update(image).digest('hex'));
  }
  const args = ['upload', '-r', '.', '-c', '4', '--retries', '20', '--timeout', '1', '--json'];
  const result = await runCli(args, { cwd, env: { ...env, SSL_CERT_FILE: await certificateFile() } });
  expect(result.exitCode).toBe(0);
  const records = result.json<UploadedRecord[]>();
  expect(records.map(({ sha256 }) => sha256)).toEqual(sums);
  const arrived = new Map(sandbox.assets.map((asset) => [asset.imageRef, asset.sha256]));
  expect(records.map(({ imageRef }) => arrived.get(imageRef))).toEqual(sums);
});

it.each([
  ['http', {}, {}],
  ['https', { tls: selfSigned }, { SSL_CERT_FILE: 'cert.pem' }],
])('standard input arrives as it is: %s', async (_, options, variables) => {
  const { sandbox, env } = await sandboxWith(options);
  const cwd = await tempDir();
  await writeFile(join(cwd, 'cert.pem'), selfSigned.cert);
  const certificate = Object.fromEntries(
    Object.entries(variables).map(([name, file]) => [name, join(cwd, file)]),
  );
  const image = Buffer.concat([await readFile(fixture('night.png').file), randomBytes(3_000_000)]);
  const result = await runCli(['upload', '-', '--manifest', 'm', '--json'], {
    cwd,
    env: { ...env, ...certificate },
    stdin: Readable.from([image.subarray(0, 100), image.subarray(100, 70_000), image.subarray(70_000)]),
  });
  const sha256 = createHash('sha256').update(image).digest('hex');
  expect(result.json()).toMatchObject([{ status: 'uploaded', size: image.length, sha256 }]);
  expect(sandbox.assets.map((asset) => asset.sha256)).toEqual([sha256]);
});
