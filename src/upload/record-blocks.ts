import { setImmediate as turn } from 'node:timers/promises';
import type { Outcome, UploadRecord } from './record.ts';

/** Small enough that a slow reader of the records takes each block in a moment. */
const maxBlockRecords = 256;

/**
 * Yields the records of files in their order, in blocks of those that are settled. It lets the event loop turn between
 * full blocks: signals and timers must not wait for a hundred thousand records.
 *
 * @param outcomeOf the outcome of a file; undefined while it is not settled
 * @param waitForMore resolves when another file is settled; needed only if some are not settled yet
 */
export async function* recordsInOrder<File extends { readonly path: string }>(
  files: readonly File[],
  outcomeOf: (file: File) => Outcome | undefined,
  waitForMore: () => Promise<void> = async () => {},
): AsyncGenerator<readonly UploadRecord[], void, undefined> {
  let index = 0;
  while (index < files.length) {
    const block: UploadRecord[] = [];
    while (index < files.length && block.length < maxBlockRecords) {
      const file = files[index]!;
      const outcome = outcomeOf(file);
      if (outcome === undefined) {
        break;
      }
      block.push({ index, path: file.path, ...outcome });
      index += 1;
    }
    if (block.length === 0) {
      await waitForMore();
      continue;
    }
    yield block;
    if (block.length === maxBlockRecords) {
      await turn();
    }
  }
}
