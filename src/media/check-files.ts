import { setTimeout as delay } from 'node:timers/promises';
import { pMapIterable } from 'p-map';
import { isOutOfHandles } from '../errno.ts';
import { FileError } from '../errors.ts';
import type { FoundFile } from '../files/found-file.ts';
import { type CheckedAsset, checkAssetFile, checkAssetStream } from './check-asset.ts';

/** The result of checking one file. */
export type FileCheck =
  | { readonly kind: 'acceptable'; readonly asset: CheckedAsset }
  | { readonly kind: 'refused'; readonly error: FileError }
  /** The checks were stopped before its turn. */
  | { readonly kind: 'unchecked' };

/** One input after the check; inputs that name the same file share one `check` object. */
export interface CheckedFile {
  readonly path: string;
  readonly check: FileCheck;
}

/** Enough open files to keep a disk busy, far below any limit on open files. */
const maxOpenFiles = 16;

/** How long a file that cannot be opened, because too many are open, waits for another try, and how many it has. */
const openRetryMs = 20;
const maxOpenTries = 250;

const unchecked: FileCheck = { kind: 'unchecked' };

/** Checks every file, once however often it is named. Nothing is sent, and only standard input is held in memory. */
export async function checkFiles(
  files: readonly FoundFile[],
  { failFast }: { readonly failFast: boolean },
  signal: AbortSignal,
): Promise<readonly CheckedFile[]> {
  const checks = new Map<FoundFile['source'], FileCheck>();
  let isStopped = false;
  const results = pMapIterable(
    new Set(files.map(({ source }) => source)),
    async (source) => ({
      source,
      check: isStopped || signal.aborted ? unchecked : await checkSource(source, signal),
    }),
    { concurrency: maxOpenFiles },
  );
  for await (const { source, check } of results) {
    // Files behind the first failure count as unchecked, even where their check has already run.
    checks.set(source, isStopped ? unchecked : check);
    isStopped ||= failFast && check.kind === 'refused';
  }
  return files.map(({ path, source }) => ({ path, check: checks.get(source)! }));
}

async function checkSource(source: FoundFile['source'], signal: AbortSignal): Promise<FileCheck> {
  try {
    const asset =
      typeof source === 'string'
        ? await checkWhenOpen(source, signal)
        : await checkAssetStream(source, signal);
    return { kind: 'acceptable', asset };
  } catch (error) {
    if (error instanceof FileError) {
      return { kind: 'refused', error };
    }
    if (signal.aborted) {
      return unchecked;
    }
    throw error;
  }
}

/** Checks a file, when too many are open after others have been closed. */
async function checkWhenOpen(path: string, signal: AbortSignal): Promise<CheckedAsset> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await checkAssetFile(path);
    } catch (error) {
      if (!isOutOfHandles(error) || tries === maxOpenTries || signal.aborted) {
        throw error;
      }
      await delay(openRetryMs);
    }
  }
}
