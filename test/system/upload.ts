import { copyFile, link, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { UploadRecord } from '../../src/index.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { fixture } from '../fixtures.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

export const token = 'user:1234-abcdef';
export const night = fixture('night.png').file;

/** A sandbox for the length of the test. */
export async function startTestSandbox(options?: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** What the built command did with some uploads. */
export interface Uploads {
  readonly exitCode: number | NodeJS.Signals;
  readonly records: readonly UploadRecord[];
  /** Everything it printed. */
  readonly output: string;
  readonly stderr: string;
}

/** Runs the built command in a process of its own, with only the given environment. */
export async function upload(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Uploads> {
  const run = spawnCli(['upload', ...args, '--json'], {
    env: { DREAMINA_TOKEN: token, DREAMINA_ACCOUNT: 'US:sandbox@example.com', ...env },
  });
  const exitCode = await run.ended;
  const stdout = run.stdout();
  return {
    exitCode,
    records: stdout === '' ? [] : (JSON.parse(stdout) as UploadRecord[]),
    output: stdout + run.stderr(),
    stderr: run.stderr(),
  };
}

/** That many small images. */
export async function smallImages(count: number): Promise<string[]> {
  const dir = await tempDir();
  const files = Array.from({ length: count }, (_, i) => join(dir, `small${i}.png`));
  await Promise.all(files.map((file) => copyFile(night, file)));
  return files;
}

/** That many images of the largest size that the API accepts. */
export async function bigImages(count: number): Promise<string[]> {
  const size = 10_485_760;
  const dir = await tempDir();
  const source = join(dir, 'source');
  // Bytes after the end of an image do not matter.
  await writeFile(source, Buffer.concat([await readFile(night), Buffer.alloc(size)], size));
  const files = Array.from({ length: count }, (_, i) => join(dir, `big${i}.png`));
  await Promise.all(files.map((file) => link(source, file)));
  return files;
}
