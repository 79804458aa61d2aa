import type { FileHandle } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { UsageError } from '../errors.ts';
import { type ManifestEntry, parseLine } from './manifest-entry.ts';

/** Small enough that a signal is seen within milliseconds while a large manifest is parsed. */
const chunkBytes = 256 * 1024;

/** Some six million entries, which would take minutes to read. */
const maxManifestBytes = 2 ** 31;

/** Far more than an entry has. */
const maxLineLength = 64 * 1024;

/**
 * Reads a manifest to its end and yields the entries of each part. From an unfinished last line, it yields the complete
 * entries.
 *
 * @param path for messages
 * @throws UsageError for a file that is not a manifest; the signal's reason once it is aborted
 */
export async function* readManifest(
  path: string,
  handle: FileHandle,
  signal: AbortSignal,
): AsyncGenerator<readonly ManifestEntry[], void, undefined> {
  const stat = await handle.stat();
  if (!stat.isFile()) {
    throw new UsageError(`--manifest ${path}: it is not a regular file`);
  }
  if (stat.size > maxManifestBytes) {
    throw new UsageError(`--manifest ${path}: it is larger than 2 GiB`);
  }
  let lineNumber = 0;
  const parse = (line: string): readonly ManifestEntry[] => {
    lineNumber += 1;
    const entries = line.length > maxLineLength ? undefined : parseLine(line);
    if (entries === undefined) {
      throw new UsageError(
        `--manifest ${path}: line ${lineNumber} is not a manifest entry; nothing was sent, and the file was not changed`,
      );
    }
    return entries;
  };
  let unfinished = '';
  for await (const text of readText(handle)) {
    signal.throwIfAborted();
    // After a power failure, a file can end in more NUL bytes than a line may have characters.
    const lines = `${unfinished}${text}`.replaceAll(/\0+/g, '\0').split('\n');
    unfinished = lines.pop()!;
    if (unfinished.length > maxLineLength) {
      parse(unfinished);
    }
    yield lines.flatMap(parse);
  }
  yield parse(unfinished);
}

/** Reads to the end: on some file systems, a read returns less than was asked for. */
async function* readText(handle: FileHandle): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let position = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) {
      yield decoder.end();
      return;
    }
    position += bytesRead;
    yield decoder.write(buffer.subarray(0, bytesRead));
  }
}
