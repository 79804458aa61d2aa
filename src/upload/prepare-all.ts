import pMap from 'p-map';
import {
  type AcceptableFile,
  type CheckedFile,
  type FileCheck,
  refusedBy,
  selectAcceptable,
  unchecked,
} from './checked-file.ts';
import type { UploadEvent } from './event.ts';
import { settledWithoutSending } from './record.ts';

/** How files are converted before sending. */
interface PrepareAllOptions {
  /** Conversions at once. */
  readonly concurrency: number;
  /** Whether the first failure stops the conversions. */
  readonly failFast: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: (event: UploadEvent) => void;
}

/** Converts all files that need it, before anything is sent. */
export async function prepareAll(
  files: readonly CheckedFile[],
  { concurrency, failFast, signal, onEvent }: PrepareAllOptions,
): Promise<readonly CheckedFile[]> {
  const stopping = new AbortController();
  const stopped = AbortSignal.any([signal, stopping.signal]);
  const prepared = new Map<FileCheck, FileCheck>();
  if (failFast && files.some(({ check }) => check.kind === 'refused')) {
    stopping.abort();
  }
  const prepare = async ({ index, path, check }: AcceptableFile) => {
    stopped.throwIfAborted();
    try {
      prepared.set(check, { ...check, asset: await check.asset.prepare(stopped) });
    } catch (error) {
      const refused = refusedBy(error);
      prepared.set(check, refused);
      const { sizeBytes } = check.asset;
      onEvent({ type: 'file-settled', index, path, sizeBytes, outcome: settledWithoutSending(refused) });
      if (failFast) {
        stopping.abort();
      }
    }
  };
  await pMap(selectAcceptable(files), prepare, { concurrency }).catch((error: unknown) => {
    if (!stopped.aborted) {
      throw error;
    }
  });
  return files.map(({ path, check }) => ({
    path,
    check: prepared.get(check) ?? (check.kind === 'acceptable' ? unchecked : check),
  }));
}
