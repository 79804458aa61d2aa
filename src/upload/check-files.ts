import { setTimeout as delay } from 'node:timers/promises';
import { pMapIterable } from 'p-map';
import { describeErrno, isOutOfHandles } from '../errno.ts';
import { FileError } from '../errors.ts';
import type { FoundFile } from '../files/found-file.ts';
import { checkAssetFile, checkAssetStream, type PreparedAsset } from '../media/check-asset.ts';
import { type CheckContext, createCheckContext } from '../media/check-context.ts';
import { unlessAborted } from '../until-aborted.ts';
import { type CheckedFile, type FileCheck, refusedBy, unchecked } from './checked-file.ts';

/** Enough open files to keep a disk busy, far below any limit on open files. */
const maxOpenFiles = 16;

/** If too many files are open, how long a file waits before it is tried again, and how often. */
const openRetryMs = 20;
const maxOpenTries = 250;

/** How files are checked. */
interface CheckOptions {
  /** Whether the first failure stops the checks. */
  readonly failFast: boolean;
  /** Whether sizes, lengths and sides are left to the server. */
  readonly noLimits: boolean;
}

/** Checks every file, once however often it is named. Nothing is sent, and only standard input is held in memory. */
export async function checkFiles(
  files: readonly FoundFile[],
  { failFast, noLimits }: CheckOptions,
  signal: AbortSignal,
): Promise<readonly CheckedFile[]> {
  const checks = new Map<FoundFile['source'], FileCheck>();
  const context = createCheckContext(noLimits, signal);
  let isStopped = false;
  const results = pMapIterable(
    new Map(files.map((file) => [file.source, file])).values(),
    async (file) => ({
      source: file.source,
      check: isStopped || signal.aborted ? unchecked : await checkFile(file, context, signal),
    }),
    { concurrency: maxOpenFiles },
  );
  const checkAll = async () => {
    for await (const { source, check } of results) {
      // Files after the first failure count as unchecked, even if their check has already run.
      checks.set(source, isStopped ? unchecked : check);
      isStopped ||= failFast && check.kind === 'refused';
      if (signal.aborted) {
        break;
      }
    }
  };
  try {
    // A check that does not end, on a dead disk for example, must not hold up an interruption.
    await unlessAborted(checkAll(), signal);
  } finally {
    await context.close();
  }
  return files.map(({ path, source }) => ({ path, check: checks.get(source) ?? unchecked }));
}

/** Checks one file; does not reject because of it. */
export async function checkFile(
  { source, folderError }: FoundFile,
  context: CheckContext,
  signal: AbortSignal,
): Promise<FileCheck> {
  if (folderError !== undefined) {
    return { kind: 'refused', error: unreadableFolder(folderError) };
  }
  try {
    const asset =
      typeof source === 'string'
        ? await checkWhenOpen(source, context, signal)
        : await checkAssetStream(source, context, signal);
    return { kind: 'acceptable', asset };
  } catch (error) {
    return signal.aborted && !(error instanceof FileError) ? unchecked : refusedBy(error);
  }
}

/** Checks a file. While too many are open, tries again, because others are being closed. */
async function checkWhenOpen(
  path: string,
  context: CheckContext,
  signal: AbortSignal,
): Promise<PreparedAsset> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await checkAssetFile(path, context);
    } catch (error) {
      if (!isOutOfHandles(error) || tries === maxOpenTries || signal.aborted) {
        throw error;
      }
      await delay(openRetryMs);
    }
  }
}

/** The failure of a folder that could not be searched for files. */
function unreadableFolder(cause: unknown): FileError {
  return new FileError('unreadable', `the folder cannot be read: ${describeErrno(cause)}`, {
    cause,
    hint: 'Nothing in it was uploaded. Check that you may read it, or leave it out.',
  });
}
