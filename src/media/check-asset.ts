import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UploadError } from '../errors.ts';
import { encodePath } from '../files/path-bytes.ts';
import { readStream } from '../files/read-stream.ts';
import { groupDigits } from '../group-digits.ts';
import { detectImageType, headBytes, type ImageContentType } from './detect-type.ts';
import { readInto } from './read-into.ts';
import type { ReusedMemory } from './reused-memory.ts';

/** The largest image that is sent. Whether the API's "10 MB" is less is left to the server (it does not say). */
const maxImageBytes = 10_485_760;

/** An image that may be sent. Its bytes are not held: they are read when their turn comes. */
export interface CheckedImage {
  readonly contentType: ImageContentType;
  readonly sizeBytes: number;
  /**
   * All of its bytes, which are those that were checked. They are valid until the memory is used again.
   *
   * @throws UploadError `changed` or `unreadable`
   */
  read(memory: ReusedMemory): Promise<Buffer>;
}

/**
 * Checks a file without reading more than its head.
 *
 * @throws UploadError saying what is wrong with it
 */
export async function checkImageFile(path: string): Promise<CheckedImage> {
  const checked = await withFile(path, async (handle) => {
    const file = await statRegularFile(handle);
    if (file.sizeBytes > maxImageBytes) {
      throw tooLarge(`${groupDigits(file.sizeBytes)} bytes`);
    }
    const head = await readInto(Buffer.allocUnsafe(headBytes), handle, Math.min(file.sizeBytes, headBytes));
    if (head.length === 0) {
      throw new UploadError('empty', 'it is empty');
    }
    return { ...file, contentType: await detectImageType(head) };
  });
  return new CheckedFileImage(path, checked);
}

/**
 * Checks an image that comes as a stream, which has to be held to be sent.
 *
 * @throws UploadError saying what is wrong with it, or the signal's reason
 */
export async function checkImageStream(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<CheckedImage> {
  const bytes = await readStream(stream, signal, (_piece, sizeBytes) => sizeBytes > maxImageBytes).catch(
    (cause: unknown) => {
      throw signal.aborted ? signal.reason : unreadable(cause);
    },
  );
  if (bytes.length > maxImageBytes) {
    throw tooLarge(`more than ${groupDigits(maxImageBytes)} bytes`);
  }
  if (bytes.length === 0) {
    throw new UploadError('empty', 'it is empty');
  }
  return {
    contentType: await detectImageType(bytes.subarray(0, headBytes)),
    sizeBytes: bytes.length,
    read: async () => bytes,
  };
}

/** A class, because a batch may hold a hundred thousand of them and a closure each would double their size. */
class CheckedFileImage implements CheckedImage {
  readonly contentType: ImageContentType;
  readonly sizeBytes: number;
  readonly #path: string;
  readonly #version: string;

  constructor(path: string, checked: RegularFile & { readonly contentType: ImageContentType }) {
    this.contentType = checked.contentType;
    this.sizeBytes = checked.sizeBytes;
    this.#path = path;
    this.#version = checked.version;
  }

  read(memory: ReusedMemory): Promise<Buffer> {
    return readUnchanged(this.#path, { sizeBytes: this.sizeBytes, version: this.#version }, memory);
  }
}

interface RegularFile {
  readonly sizeBytes: number;
  /** Differs when the file was replaced or written to. */
  readonly version: string;
}

async function readUnchanged(path: string, checked: RegularFile, memory: ReusedMemory): Promise<Buffer> {
  return withFile(path, async (handle) => {
    const before = await statRegularFile(handle);
    if (before.version !== checked.version) {
      throw new UploadError('changed', 'it changed after it was checked');
    }
    // One byte of room over what is expected shows that there is more.
    const bytes = await readInto(memory.take(checked.sizeBytes + 1), handle, checked.sizeBytes);
    const after = await statRegularFile(handle);
    if (after.version !== before.version || bytes.length !== checked.sizeBytes) {
      throw new UploadError('changed', 'it changed while it was read');
    }
    return bytes;
  });
}

/** What cannot even be opened because of its kind. */
const unopenableKinds: Readonly<Record<string, string>> = {
  /** On Windows. */
  EISDIR: 'directory',
  ENXIO: 'socket',
};

async function withFile<Result>(path: string, use: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  let handle: FileHandle;
  try {
    // Non-blocking, because opening a FIFO otherwise waits for somebody to write to it.
    handle = await open(encodePath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const kind = unopenableKinds[(cause as NodeJS.ErrnoException).code ?? ''];
    throw kind === undefined ? unreadable(cause) : notAFile(kind, cause);
  }
  try {
    return await use(handle);
  } catch (cause) {
    throw cause instanceof UploadError ? cause : unreadable(cause);
  } finally {
    await handle.close();
  }
}

async function statRegularFile(handle: FileHandle): Promise<RegularFile> {
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) {
    const kind = stat.isDirectory() ? 'directory' : stat.isFIFO() ? 'named pipe' : 'device';
    throw notAFile(kind);
  }
  return {
    sizeBytes: Number(stat.size),
    version: [stat.dev, stat.ino, stat.size, stat.mtimeNs].join(':'),
  };
}

function notAFile(kind: string, cause?: unknown): UploadError {
  return new UploadError('not_a_file', `it is a ${kind}, not a regular file`, { cause });
}

function tooLarge(size: string): UploadError {
  return new UploadError('too_large', `it has ${size}; the limit is ${groupDigits(maxImageBytes)}`);
}

const readProblems: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it is gone',
  ELOOP: 'its symbolic links go round in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the disk reports an error',
  ENAMETOOLONG: 'its path is too long for the system',
};

function unreadable(cause: unknown): UploadError {
  return new UploadError('unreadable', `it cannot be read: ${describeProblem(cause)}`, { cause });
}

/** The failure of a folder that could not be searched for files. */
export function unreadableFolder(cause: unknown): UploadError {
  return new UploadError('unreadable', `the folder cannot be read: ${describeProblem(cause)}`, {
    cause,
    hint: 'What is in it was not uploaded; leave it out with --exclude, or see that you may read it.',
  });
}

function describeProblem(cause: unknown): string {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  return readProblems[code] ?? code;
}
