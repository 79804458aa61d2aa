import { FileError } from '../errors.ts';
import { readShared } from '../files/read-stream.ts';
import { statRegularFile, unreadable, withFile } from '../files/regular-file.ts';
import { groupDigits } from '../words.ts';
import { type AssetType, type ContentType, isImageContentType, resolveType } from './asset-types.ts';
import { type ByteSource, createBufferSource, createFileSource, fill } from './byte-source.ts';
import type { CheckContext } from './check-context.ts';
import { identify } from './identify.ts';
import { checkImageStructure } from './image-structure.ts';
import { checkMeasures, checkSize, type Measures, maxSizeBytes } from './limits.ts';
import type { ProbedFile } from './probe-worker.ts';

/** The facts about an asset that its content gives. */
export interface AssetFacts extends Measures {
  readonly type: AssetType;
  readonly contentType: ContentType;
  readonly sizeBytes: number;
}

/** A file that will be sent: either acceptable unchanged, or converted when its turn comes. */
export interface PendingAsset extends Omit<AssetFacts, 'contentType'> {
  /** Undefined until the file is converted. */
  readonly contentType?: ContentType | undefined;
  /** Until the file is converted, the largest size that it may have. */
  readonly sizeBytes: number;
  /** How it is converted; undefined for a file that is sent unchanged. */
  readonly fitting?: Fitting | undefined;
  /**
   * Converts the file, if that is still to be done.
   *
   * @throws FileError, or the signal's reason
   */
  prepare(signal: AbortSignal): Promise<PreparedAsset>;
}

/** How a file is converted. */
interface Fitting {
  /** The changes, for people. */
  readonly fitted: readonly string[];
  readonly source: FittedSource;
}

/** The source of a converted file. */
export interface FittedSource {
  /** In lower-case hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly contentType: string;
}

/** A file that can be sent as it is. Its bytes are not held in memory: they are read when their turn comes. */
export interface PreparedAsset extends AssetFacts, PendingAsset {
  readonly contentType: ContentType;
  /**
   * Reads all of its bytes into a buffer with room for at least one byte more, and returns that part of it. They are
   * the bytes that were checked.
   *
   * @throws FileError `changed` or `unreadable`
   */
  readInto(buffer: Buffer): Promise<Buffer>;
  /** Removes the converted file, once it is sent. */
  discard?(): Promise<void>;
}

/**
 * Checks a file by its content.
 *
 * @param path absolute
 * @throws FileError that says what is wrong with it
 */
export async function checkAssetFile(path: string, context: CheckContext): Promise<PreparedAsset> {
  return withFile(path, async (handle) => {
    const { sizeBytes, version } = await statRegularFile(handle);
    if (sizeBytes === 0 && (await handle.read(Buffer.alloc(1), 0, 1, 0)).bytesRead > 0) {
      throw new FileError('not_a_file', 'its size is 0 but it has content, like a file in /proc');
    }
    const source = createFileSource(handle, sizeBytes);
    const facts = await checkContent(source, { fd: handle.fd, sizeBytes }, context);
    return new DiskAsset(path, facts, version);
  });
}

/**
 * Checks an asset that comes as a stream, and keeps all of it in memory: it cannot be read twice.
 *
 * @throws FileError that says what is wrong with it, or the signal's reason
 */
export async function checkAssetStream(
  stream: NodeJS.ReadableStream,
  context: CheckContext,
  signal: AbortSignal,
): Promise<PreparedAsset> {
  const maxBytes = maxSizeBytes(context.noLimits);
  const bytes = await readShared(stream, maxBytes, signal).catch((cause: unknown) => {
    throw signal.aborted ? signal.reason : unreadable(cause);
  });
  if (bytes.length > maxBytes) {
    throw new FileError(
      'too_large',
      `it has more than ${groupDigits(maxBytes)} bytes, the limit for any file`,
    );
  }
  const facts = await checkContent(createBufferSource(bytes), bytes, context);
  const asset: PreparedAsset = {
    ...facts,
    prepare: async () => asset,
    // No copy: nobody else has these bytes.
    readInto: async () => bytes,
  };
  return asset;
}

/** @throws FileError if the content may not be sent */
async function checkContent(
  source: ByteSource,
  file: ProbedFile,
  { noLimits, openProbe }: CheckContext,
): Promise<AssetFacts> {
  const { sizeBytes } = source;
  if (sizeBytes === 0) {
    throw new FileError('empty', 'it is empty');
  }
  const contentType = await identify(source);
  checkSize(resolveType(contentType), sizeBytes, noLimits);
  if (isImageContentType(contentType)) {
    await checkImageStructure(source, contentType);
    return { type: 'image', contentType, sizeBytes };
  }
  const probe = await openProbe();
  const probed = await probe.probe(file, contentType);
  const type = resolveType(probed.contentType);
  // Only its tracks distinguish an M4A from an MP4, and the two have limits of their own.
  checkSize(type, sizeBytes, noLimits);
  checkMeasures(type, probed, noLimits);
  return { type, sizeBytes, ...probed };
}

/** A class, because a batch may hold a hundred thousand of them, and a closure for each would double their size. */
class DiskAsset implements PreparedAsset {
  readonly type: AssetType;
  readonly contentType: ContentType;
  readonly sizeBytes: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly durationMs: number | undefined;
  readonly #path: string;
  readonly #version: string;

  constructor(path: string, facts: AssetFacts, version: string) {
    this.type = facts.type;
    this.contentType = facts.contentType;
    this.sizeBytes = facts.sizeBytes;
    this.width = facts.width;
    this.height = facts.height;
    this.durationMs = facts.durationMs;
    this.#path = path;
    this.#version = version;
  }

  async prepare(): Promise<PreparedAsset> {
    return this;
  }

  async readInto(buffer: Buffer): Promise<Buffer> {
    return withFile(this.#path, async (handle) => {
      const before = await statRegularFile(handle);
      if (before.version !== this.#version) {
        throw new FileError('changed', 'it changed after it was checked');
      }
      // Room for one byte more shows whether the file has grown, without another read.
      const room = buffer.subarray(0, this.sizeBytes + 1);
      const bytes = await fill(room, handle, 0, this.sizeBytes);
      const after = await statRegularFile(handle);
      if (
        after.version !== before.version ||
        bytes.length !== this.sizeBytes ||
        !(await isStill(bytes, this.contentType))
      ) {
        throw new FileError('changed', 'it changed while it was read');
      }
      return bytes;
    });
  }
}

/** Whether bytes in memory pass the check of their type again: some file systems hide a change from stat(). */
async function isStill(bytes: Buffer, contentType: ContentType): Promise<boolean> {
  const source = createBufferSource(bytes);
  try {
    const identified = await identify(source);
    if (!isImageContentType(contentType)) {
      return true;
    }
    await checkImageStructure(source, contentType);
    return identified === contentType;
  } catch {
    return false;
  }
}
