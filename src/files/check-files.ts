import { pMapIterable } from 'p-map';
import { UploadError } from '../errors.ts';
import type { Host } from '../host.ts';
import { type CheckedImage, checkImageFile, checkImageStream } from './check-image.ts';
import type { FoundFile } from './find-files.ts';

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
  host: Pick<Host, 'stdin' | 'signal'>,
): Promise<readonly CheckedFile[]> {
  const distinct = new Map(files.map((file) => [keyOf(file), file]));
  const checks = new Map<string, FileCheck>();
  let stopped = false;
  const results = pMapIterable(
    distinct.entries(),
    async ([key, { file }]): Promise<readonly [string, FileCheck]> => [
      key,
      stopped || host.signal.aborted ? { kind: 'unchecked' } : await check(file, host),
    ],
    { concurrency: openAtOnce },
  );
  for await (const [key, result] of results) {
    // A later file that was looked at meanwhile does not count: the first failure is the first in input order.
    checks.set(key, stopped ? { kind: 'unchecked' } : result);
    stopped ||= options.failFast && result.kind === 'refused';
  }
  return files.map((file) => ({ path: file.path, check: checks.get(keyOf(file))! }));
}

function keyOf({ file }: FoundFile): string {
  return file ?? '-';
}

async function check(file: string | undefined, host: Pick<Host, 'stdin' | 'signal'>): Promise<FileCheck> {
  try {
    const image =
      file === undefined ? await checkImageStream(host.stdin, host.signal) : await checkImageFile(file);
    return { kind: 'acceptable', image };
  } catch (error) {
    if (error instanceof UploadError) {
      return { kind: 'refused', error };
    }
    if (host.signal.aborted) {
      return { kind: 'unchecked' };
    }
    throw error;
  }
}
