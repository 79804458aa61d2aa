import { pMapIterable } from 'p-map';
import { UploadError } from '../errors.ts';
import type { FoundFile } from '../files/found-file.ts';
import { type CheckedImage, checkImageFile, checkImageStream, unreadableFolder } from './check-asset.ts';

/** What checking one file came to. */
export type FileCheck =
  | { readonly kind: 'acceptable'; readonly image: CheckedImage }
  | { readonly kind: 'refused'; readonly error: UploadError }
  /** Checking was stopped before its turn. */
  | { readonly kind: 'unchecked' };

/** One input after the check; inputs that name the same file share one `check` object. */
export interface CheckedFile {
  readonly path: string;
  readonly check: FileCheck;
}

/** Files open at once: enough to keep a disk busy, far below any limit on open files. */
const openAtOnce = 16;

/** Checks every file, each once however often it is named, without sending or holding anything but standard input. */
export async function checkFiles(
  files: readonly FoundFile[],
  options: { readonly failFast: boolean },
  signal: AbortSignal,
): Promise<readonly CheckedFile[]> {
  const inputs = new Map(files.map((file) => [file.source, file]));
  const results = pMapIterable(
    inputs.values(),
    (file): FileCheck | Promise<FileCheck> => (stopped || signal.aborted ? unchecked : check(file, signal)),
    { concurrency: openAtOnce },
  )[Symbol.asyncIterator]();
  const checks = new Map<FoundFile['source'], FileCheck>();
  let stopped = false;
  for (const source of inputs.keys()) {
    const result = (await results.next()).value as FileCheck;
    // A later file that was looked at meanwhile does not count: the first failure is the first in input order.
    checks.set(source, stopped ? unchecked : result);
    stopped ||= options.failFast && result.kind === 'refused';
  }
  return files.map(({ path, source }) => ({ path, check: checks.get(source)! }));
}

const unchecked: FileCheck = { kind: 'unchecked' };

async function check({ source, folderError }: FoundFile, signal: AbortSignal): Promise<FileCheck> {
  if (folderError !== undefined) {
    return { kind: 'refused', error: unreadableFolder(folderError) };
  }
  try {
    const image =
      typeof source === 'string' ? await checkImageFile(source) : await checkImageStream(source, signal);
    return { kind: 'acceptable', image };
  } catch (error) {
    if (error instanceof UploadError) {
      return { kind: 'refused', error };
    }
    if (signal.aborted) {
      return unchecked;
    }
    throw error;
  }
}
