import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DreaminaClient, type UploadRecord } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { envFor } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { slowServer } from '../harness/slow-server.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = await readFile(fixture('night.png').file);
const account = 'US:name@example.com';
const token = 'user:1234-abcdef';
const megabyte = 1_000_000;

function clientFor(port: number, timeoutMs: number): DreaminaClient {
  const client = new DreaminaClient({ token, apiUrl: `http://127.0.0.1:${port}`, timeoutMs });
  onTestFinished(() => client.close());
  return client;
}

const bodyOf = (sizeBytes: number) => ({
  bytes: Buffer.concat([night], sizeBytes),
  contentType: 'image/png' as const,
  account,
});

async function folderOf(count: number, sizeBytes: number) {
  const cwd = await tempDir();
  const files = Array.from({ length: count }, (_, i) => `${i}.png`);
  for (const [i, file] of files.entries()) {
    await writeFile(join(cwd, file), Buffer.concat([night, Buffer.from([i])], sizeBytes));
  }
  return { cwd, files };
}

it('a body that makes progress arrives, even if it takes many times the timeout', async () => {
  const server = await slowServer({ bytesPerSecond: 5 * megabyte });
  await clientFor(server.port, 1000).upload(bodyOf(20 * megabyte));
  expect([server.count(), server.answered()]).toEqual([1, 1]);
});

it('all files that share a slow line arrive, with fewer in flight', async () => {
  const server = await slowServer({ bytesPerSecond: 8 * megabyte });
  const { cwd, files } = await folderOf(5, 3 * megabyte);
  const result = await runCli(
    ['upload', ...files, '-c', '5', '--timeout', '0.75s', '--retries', '20', '--json'],
    {
      cwd,
      env: envFor(`http://127.0.0.1:${server.port}`),
    },
  );
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.json<UploadRecord[]>().map(({ status }) => status)).toEqual(files.map(() => 'uploaded'));
});

it('an attempt ends if the server stops reading in the middle', async () => {
  const server = await slowServer({ bytesPerSecond: 40 * megabyte, stopAfterBytes: 4 * megabyte });
  await expect(clientFor(server.port, 500).upload(bodyOf(30 * megabyte))).rejects.toMatchObject({
    code: 'timeout',
    message: 'nothing could be sent for 0.5 s',
    retryable: true,
  });
});
