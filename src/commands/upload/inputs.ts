import { UsageError } from '../../errors.ts';
import { findFiles } from '../../files/find-files.ts';
import type { FoundFile } from '../../files/found-file.ts';
import type { Host } from '../../host.ts';
import { listExtensions } from '../../media/asset-types.ts';
import type { Messages } from '../../report/messages.ts';
import type { UploadFlags } from './command.ts';

/**
 * Finds the files that the arguments and `--files-from` name.
 *
 * @throws UsageError if one of them names nothing
 */
export async function findInputs(
  patterns: readonly string[],
  flags: UploadFlags,
  messages: Messages,
  host: Host,
): Promise<readonly FoundFile[]> {
  const { filesFrom, null: nullSeparated, recursive, exclude = [], hidden } = flags;
  if (nullSeparated && filesFrom === undefined) {
    throw new UsageError('--null applies only to the list of --files-from');
  }
  if (filesFrom === '') {
    throw new UsageError('--files-from needs the name of a file');
  }
  if (filesFrom === '-' && patterns.includes('-')) {
    throw new UsageError('standard input cannot be both the list of --files-from and a file to upload');
  }
  if (filesFrom === '-') {
    tellOfWaiting('paths, one a line,', messages, host);
  }
  let literals: readonly string[] = [];
  if (filesFrom !== undefined) {
    const { readList } = await import('../../files/read-list.ts');
    literals = await readList(filesFrom, nullSeparated ?? false, host);
  }
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
  if (patterns.includes('-')) {
    tellOfWaiting('a file', messages, host);
  }
  return found;
}

/** Someone who typed `-` by mistake would otherwise wait at a silent terminal. */
function tellOfWaiting(what: string, messages: Messages, { stdin, platform }: Host): void {
  if (stdin.isTTY) {
    const end = platform === 'win32' ? 'Ctrl-Z and Enter end' : 'Ctrl-D ends';
    messages.note(`Waiting for ${what} on standard input; ${end} it, Ctrl-C gives up.`);
  }
}

/** How the files that `-r` takes are named. */
async function loadExtensions(flags: UploadFlags): Promise<readonly string[]> {
  if (!shouldFitAll(flags)) {
    return listExtensions();
  }
  const { fittableExtensions } = await import('../../fit/formats.ts');
  return [...new Set([...listExtensions(), ...fittableExtensions])];
}

/** Whether each file is made to fit: each of these flags asks for it. */
export function shouldFitAll({ fit, trim, frame, aspect, fitDir }: UploadFlags): boolean {
  return (fit ?? false) || [trim, frame, aspect, fitDir].some((flag) => flag !== undefined);
}
