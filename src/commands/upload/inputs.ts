import { UsageError } from '../../errors.ts';
import { findFiles } from '../../files/find-files.ts';
import type { FoundFile } from '../../files/found-file.ts';
import type { Host } from '../../host.ts';
import { listExtensions } from '../../media/asset-types.ts';
import type { Messages } from '../../report/messages.ts';
import type { UploadFlags } from './command.ts';

/** Finds the files that the arguments and `--files-from` name; throws a UsageError if one names nothing. */
export async function findInputs(
  patterns: readonly string[],
  flags: UploadFlags,
  messages: Messages,
  host: Host,
): Promise<readonly FoundFile[]> {
  const { recursive, exclude = [], hidden } = flags;
  const readsInput = patterns.some((pattern) => /^-(?:#|$)/.test(pattern));
  const literals = await readLists(flags, readsInput, messages, host);
  const found = await findFiles(
    {
      patterns,
      literals,
      recursive: recursive ?? false,
      exclude,
      hidden: hidden ?? false,
      extensions: await loadExtensions(flags),
    },
    host,
  );
  if (readsInput) {
    tellOfWaiting('a file', messages, host);
  }
  return found;
}

/** Reads the lists of `--files-from`, one after the other. */
async function readLists(
  { filesFrom = [], null: nullSeparated }: UploadFlags,
  readsInput: boolean,
  messages: Messages,
  host: Host,
): Promise<readonly string[]> {
  if (nullSeparated && filesFrom.length === 0) {
    throw new UsageError('--null applies only to the list of --files-from');
  }
  if (filesFrom.includes('')) {
    throw new UsageError('--files-from needs the name of a file');
  }
  const inputLists = filesFrom.filter((file) => file === '-').length;
  if (inputLists > 1) {
    throw new UsageError('standard input can be the list of only one --files-from');
  }
  if (inputLists === 1 && readsInput) {
    throw new UsageError('standard input cannot be both the list of --files-from and a file to upload');
  }
  const lists: (readonly string[])[] = [];
  for (const file of filesFrom) {
    if (file === '-') {
      tellOfWaiting('paths, one a line,', messages, host);
    }
    const { readList } = await import('../../files/read-list.ts');
    lists.push(await readList(file, nullSeparated ?? false, host));
  }
  return lists.flat();
}

/** Someone who typed `-` by mistake would otherwise wait at a silent terminal. */
function tellOfWaiting(what: string, messages: Messages, { stdin, platform }: Host): void {
  if (stdin.isTTY) {
    const end = platform === 'win32' ? 'Ctrl-Z and Enter end' : 'Ctrl-D ends';
    messages.note(`Waiting for ${what} on standard input; ${end} it, Ctrl-C cancels.`);
  }
}

/** The extensions of the files that `-r` takes. */
async function loadExtensions(flags: UploadFlags): Promise<readonly string[]> {
  if (!shouldFitAll(flags)) {
    return listExtensions();
  }
  const { fittableExtensions } = await import('../../fit/formats.ts');
  return fittableExtensions;
}

/** Whether every file is to be converted if it needs it: each of these flags asks for that. */
export function shouldFitAll({ fit, trim, frame, aspect, fitDir }: UploadFlags): boolean {
  return (fit ?? false) || [trim, frame, aspect, fitDir].some((flag) => flag !== undefined);
}
