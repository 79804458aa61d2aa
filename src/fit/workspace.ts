import { createWriteStream } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describeErrno, isSystemError } from '../errno.ts';
import { FileError } from '../errors.ts';
import type { Machine } from '../host.ts';
import { maxUnlimitedBytes } from '../media/asset-types.ts';
import { PrivateFolder, removeAbandonedFolders } from './private-folder.ts';

/** What a full disk means for the file that is converted. */
export const diskFull = {
  message: 'there is not enough disk space for the converted file',
  hint: 'Make room, or point TMPDIR at another disk.',
} as const;

/** Where converted files are made: a private folder, created for the first of them. */
export class Workspace {
  readonly #machine: Machine & { readonly now: () => number };
  #folder: Promise<PrivateFolder> | undefined;
  #cleaning: Promise<void> | undefined;
  #pathCount = 0;

  /** @param machine `now` in milliseconds since the Unix epoch */
  constructor(machine: Machine & { readonly now: () => number }) {
    this.#machine = machine;
  }

  /** Removes, once, the folders that earlier runs left. */
  clean(): Promise<void> {
    const { tempDir, userId, platform, now } = this.#machine;
    this.#cleaning ??= removeAbandonedFolders(tempDir, userId, platform, now);
    return this.#cleaning;
  }

  /**
   * A path for a new file.
   *
   * @throws FileError if the folder cannot be created
   */
  async reserve(extension: string): Promise<string> {
    const { tempDir, platform } = this.#machine;
    this.#folder ??= PrivateFolder.create(tempDir, platform);
    const folder = await this.#folder.catch((error: unknown) => {
      throw createDiskError(error);
    });
    this.#pathCount += 1;
    return join(folder.path, `${this.#pathCount}.${extension}`);
  }

  /** A path in UTF-8 for a file whose own is not: decoders accept no other. */
  async link(target: Buffer): Promise<string> {
    const path = await this.reserve('link');
    await symlink(target, path);
    return path;
  }

  /**
   * Puts standard input into a file.
   *
   * @throws FileError, or the signal's reason
   */
  async spool(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
    const path = await this.reserve('input');
    try {
      await pipeline(stream, limitSize, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal });
    } catch (cause) {
      signal.throwIfAborted();
      throw cause instanceof FileError
        ? cause
        : new FileError('cannot_fit', `it cannot be saved to a temporary file: ${describeErrno(cause)}`, {
            hint: diskFull.hint,
            cause,
          });
    }
    return path;
  }

  async remove(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    await folder?.remove();
  }
}

async function* limitSize(pieces: AsyncIterable<Buffer | string>) {
  let sizeBytes = 0;
  for await (const piece of pieces) {
    sizeBytes += Buffer.byteLength(piece);
    if (sizeBytes > maxUnlimitedBytes) {
      throw new FileError('cannot_fit', 'it has more than 2 GiB');
    }
    yield piece;
  }
}

/** Turns an error of the private folder's disk into the file's failure; other errors are bugs and stay as they are. */
export function createDiskError(error: unknown): unknown {
  if (!isSystemError(error)) {
    return error;
  }
  const { code } = error;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new FileError('cannot_fit', diskFull.message, { hint: diskFull.hint, cause: error })
    : new FileError('cannot_fit', `the folder for temporary files cannot be used: ${describeErrno(error)}`, {
        hint: 'Point TMPDIR at a folder that you may write.',
        cause: error,
      });
}
