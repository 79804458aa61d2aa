import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { describeErrno } from '../errno.ts';
import { FileError } from '../errors.ts';
import { encodePath } from '../files/path-bytes.ts';
import { readStream } from '../files/read-stream.ts';
import { groupDigits } from '../units.ts';
import { type ContentType, detectType, headBytes } from './detect-type.ts';

/** The API's documentation says "10 MB"; whether a smaller number is meant is left to the server. */
const maxImageBytes = 10_485_760;

/** A file that may be sent. Its bytes are not held in memory: they are read when their turn comes. */
export interface CheckedAsset {
  readonly contentType: ContentType;
  readonly sizeBytes: number;
  /**
   * Reads all of its bytes into a buffer with room for at least one byte more, and returns that part of it. They are
   * the bytes that were checked.
   *
   * @throws FileError `changed` or `unreadable`
   */
  readInto(buffer: Buffer): Promise<Buffer>;
}

/**
 * Checks a file by its size and its first bytes.
 *
 * @param path absolute
 * @throws FileError that says what is wrong with it
 */
export async function checkAssetFile(path: string): Promise<CheckedAsset> {
  const checked = await withFile(path, async (handle) => {
    const file = await statRegularFile(handle);
    if (file.sizeBytes > maxImageBytes) {
      throw tooLarge(`${groupDigits(file.sizeBytes)} bytes`);
    }
    const head = await readFrom(handle, Buffer.allocUnsafe(headBytes), Math.min(file.sizeBytes, headBytes));
    return { ...file, contentType: await checkHead(head) };
  });
  return new CheckedFile(path, checked);
}

/**
 * Checks an asset that comes as a stream, and holds all of it: it cannot be read twice.
 *
 * @throws FileError that says what is wrong with it, or the signal's reason
 */
export async function checkAssetStream(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<CheckedAsset> {
  const bytes = await readStream(stream, signal, (_piece, sizeBytes) => sizeBytes > maxImageBytes).catch(
    (cause: unknown) => {
      throw signal.aborted ? signal.reason : unreadable(cause);
    },
  );
  if (bytes.length > maxImageBytes) {
    throw tooLarge(`more than ${groupDigits(maxImageBytes)} bytes`);
  }
  return {
    contentType: await checkHead(bytes.subarray(0, headBytes)),
    sizeBytes: bytes.length,
    readInto: async (buffer) => buffer.subarray(0, bytes.copy(buffer)),
  };
}

async function checkHead(head: Buffer): Promise<ContentType> {
  if (head.length === 0) {
    throw new FileError('empty', 'it is empty');
  }
  return detectType(head);
}

/** A class, because a batch may hold a hundred thousand of them, and a closure for each would double their size. */
class CheckedFile implements CheckedAsset {
  readonly contentType: ContentType;
  readonly sizeBytes: number;
  readonly #path: string;
  readonly #version: string;

  constructor(path: string, checked: RegularFile & { readonly contentType: ContentType }) {
    this.contentType = checked.contentType;
    this.sizeBytes = checked.sizeBytes;
    this.#path = path;
    this.#version = checked.version;
  }

  async readInto(buffer: Buffer): Promise<Buffer> {
    return withFile(this.#path, async (handle) => {
      const before = await statRegularFile(handle);
      if (before.version !== this.#version) {
        throw new FileError('changed', 'it changed after it was checked');
      }
      const bytes = await readFrom(handle, buffer, this.sizeBytes);
      const after = await statRegularFile(handle);
      // The buffer has room for one byte more, which shows whether the file has grown.
      if (after.version !== before.version || bytes.length !== this.sizeBytes) {
        throw new FileError('changed', 'it changed while it was read');
      }
      return bytes;
    });
  }
}

interface RegularFile {
  readonly sizeBytes: number;
  /** Differs when the file was replaced or written to. */
  readonly version: string;
}

/** What open() refuses because of its kind, by error code. */
const unopenableKinds: Readonly<Record<string, string>> = {
  // On Windows.
  EISDIR: 'directory',
  ENXIO: 'socket',
};

async function withFile<Result>(path: string, use: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  let handle: FileHandle;
  try {
    // Non-blocking, because opening a FIFO otherwise waits for a writer.
    handle = await open(encodePath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const kind = unopenableKinds[(cause as NodeJS.ErrnoException).code ?? ''];
    throw kind === undefined ? unreadable(cause) : notAFile(kind, cause);
  }
  try {
    return await use(handle);
  } catch (cause) {
    throw cause instanceof FileError ? cause : unreadable(cause);
  } finally {
    await handle.close();
  }
}

async function statRegularFile(handle: FileHandle): Promise<RegularFile> {
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) {
    throw notAFile(stat.isDirectory() ? 'directory' : stat.isFIFO() ? 'named pipe' : 'device');
  }
  return {
    sizeBytes: Number(stat.size),
    version: [stat.dev, stat.ino, stat.size, stat.mtimeNs].join(':'),
  };
}

/** Reads from the start until there are `enoughBytes`, the buffer is full or the file ends; returns what was read. */
async function readFrom(handle: FileHandle, buffer: Buffer, enoughBytes: number): Promise<Buffer> {
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length >= enoughBytes) {
      return buffer.subarray(0, length);
    }
  }
}

function notAFile(kind: string, cause?: unknown): FileError {
  return new FileError('not_a_file', `it is a ${kind}, not a regular file`, { cause });
}

function tooLarge(size: string): FileError {
  return new FileError('too_large', `it has ${size}; the limit is ${groupDigits(maxImageBytes)}`);
}

/** The failure of a folder that could not be searched for files. */
export function unreadableFolder(cause: unknown): FileError {
  return new FileError('unreadable', `the folder cannot be read: ${describeErrno(cause)}`, {
    cause,
    hint: 'Nothing in it was uploaded. Check that you may read it, or leave it out with --exclude.',
  });
}

function unreadable(cause: unknown): FileError {
  return new FileError('unreadable', `it cannot be read: ${describeErrno(cause)}`, { cause });
}
