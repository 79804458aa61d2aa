import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer as readAll } from 'node:stream/consumers';
import { findAccount } from '../client/reference.ts';
import { describeErrno } from '../errno.ts';
import { UsageError } from '../errors.ts';
import { openToRead } from '../files/regular-file.ts';
import type { Clock } from '../host.ts';
import { formatEntry, type ManifestEntry } from './manifest-entry.ts';
import { readManifest } from './read-manifest.ts';
import type { UploadedOutcome } from './record.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

/** Does not follow a symbolic link: in a stranger's folder, it could redirect the write. Windows has no such flag. */
const noFollow = O_NOFOLLOW ?? 0;

/** An upload as a manifest remembers it. */
export type RememberedUpload = Omit<ManifestEntry, 'endpoint' | 'uploadedAt' | 'fit'>;

/** The entries that count, the newest of each. */
interface KnownUploads {
  /** By the SHA-256 of the bytes that were sent. */
  readonly byContent: Map<string, RememberedUpload>;
  /** By the SHA-256 of its source and the edits. */
  readonly byFit: Map<string, RememberedUpload>;
}

/** Which entries of a manifest count. */
export interface ManifestScope {
  readonly account: string;
  /** The `apiUrl`. */
  readonly endpoint: string;
  /** Entries older than this are ignored; undefined for no limit. */
  readonly maxAgeMs: number | undefined;
  /** For the dates of entries. */
  readonly clock: Pick<Clock, 'epochMs'>;
}

/**
 * An append-only ledger of uploads, one JSON object a line.
 *
 * Several runs may share one: lines are written by one call in append mode, which the operating system puts at the end
 * as it then is, undivided. Nothing is ever cut off. A crash or a full disk may leave an unfinished last line: the next
 * line then begins with a newline, and the reader skips the unfinished one.
 *
 * If the file is removed or replaced during a run, all that was written to it since the run began is written to the
 * file that has its name then.
 */
export class Manifest {
  readonly #path: string;
  readonly #scope: ManifestScope;
  readonly #known: KnownUploads;
  #file: LedgerFile;
  #pending: { readonly line: string; readonly settle: (error?: unknown) => void }[] = [];
  #writing: Promise<void> | undefined;

  private constructor(path: string, scope: ManifestScope, file: LedgerFile, known: KnownUploads) {
    this.#path = path;
    this.#scope = scope;
    this.#file = file;
    this.#known = known;
  }

  /**
   * Opens a manifest, or begins one.
   *
   * @throws UsageError if it cannot be read or written, or has a line that is not a manifest entry; the signal's reason
   *   once it is aborted
   */
  static async open(path: string, scope: ManifestScope, signal: AbortSignal): Promise<Manifest> {
    let file: LedgerFile | undefined;
    try {
      file = await openLedger(path);
      return new Manifest(path, scope, file, await readKnown(path, file.handle, scope, signal));
    } catch (error) {
      await file?.handle.close();
      throw signal.aborted ? error : explain(error, path);
    }
  }

  /** The reference that these bytes have already, if any. */
  find(sha256: string): RememberedUpload | undefined {
    return withOwnAccount(this.#known.byContent.get(sha256));
  }

  /**
   * The reference of the file converted from that source, or of the source itself if it needed no conversion.
   *
   * @param sha256 of the source
   * @param recipe the edits, as a key
   */
  findFitted(sha256: string, recipe: string): RememberedUpload | undefined {
    return withOwnAccount(this.#known.byFit.get(`${sha256} ${recipe}`));
  }

  /**
   * Records an upload; resolves when it is on the disk, rejects if it cannot be written.
   *
   * @param recipe the edits of its source, as a key; undefined if it was not to be converted
   */
  async add(upload: UploadedOutcome, recipe?: string): Promise<void> {
    const { sha256, account: _account, status: _status, attempts: _attempts, ...rest } = upload;
    const { durationMs: _durationMs, warnings: _warnings, ...asset } = rest;
    const entry: ManifestEntry = {
      // First on the line, so that a torn line can be distinguished from a foreign one.
      sha256,
      account: this.#scope.account,
      endpoint: this.#scope.endpoint,
      ...asset,
      ...(recipe !== undefined && { fit: recipe }),
      uploadedAt: new Date(this.#scope.clock.epochMs()).toISOString(),
    };
    remember(this.#known, entry);
    await new Promise<void>((resolve, reject) => {
      this.#pending.push({
        line: formatEntry(entry),
        settle: (error) => (error === undefined ? resolve() : reject(error)),
      });
      this.#writing ??= this.#writePending();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.handle.close();
  }

  /** Flushing takes milliseconds, so all lines that arrive during a flush are written together with the next. */
  async #writePending(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0);
      const text = batch.map(({ line }) => line).join('');
      const error = await this.#write(text).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      for (const { settle } of batch) {
        settle(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(text: string): Promise<void> {
    await append(this.#file.handle, text);
    if (await isLost(this.#path, this.#file.handle)) {
      await this.#moveToPath();
    }
  }

  /** Leaves a file that was removed or renamed for the one that has its name now. */
  async #moveToPath(): Promise<void> {
    const { handle, startBytes: start } = this.#file;
    const file = await openLedger(this.#path);
    try {
      await append(file.handle, await readAll(handle.createReadStream({ start, autoClose: false })));
    } catch (error) {
      await file.handle.close();
      throw error;
    }
    this.#file = file;
    await handle.close();
  }
}

/** An open manifest, and how long it was when it was opened. */
interface LedgerFile {
  readonly handle: FileHandle;
  readonly startBytes: number;
}

async function openLedger(path: string): Promise<LedgerFile> {
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | noFollow);
  const { size } = await handle.stat();
  return { handle, startBytes: size };
}

/**
 * Whether the entries written to an open file can no longer be found: its name was removed, or given to another file. A
 * different inode alone does not tell: some network disks give a file another one each time.
 */
async function isLost(path: string, handle: FileHandle): Promise<boolean> {
  const [named, opened] = await Promise.all([stat(path).catch(() => undefined), handle.stat()]);
  return (
    named === undefined || (opened.nlink === 0 && (named.ino !== opened.ino || named.dev !== opened.dev))
  );
}

/**
 * Writes whole lines and flushes them. If the disk takes only a part of a write, that part counts as an unfinished
 * line.
 */
async function append(handle: FileHandle, text: string | Buffer): Promise<void> {
  for (;;) {
    const lines = Buffer.concat([Buffer.from((await isFinished(handle)) ? '' : '\n'), Buffer.from(text)]);
    const { bytesWritten } = await handle.write(lines);
    if (bytesWritten === lines.length) {
      break;
    }
  }
  await handle.datasync();
}

/** Checks that a manifest could be used, and changes nothing; throws as {@link Manifest.open} does. */
export async function checkManifest(path: string, signal: AbortSignal): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await openToRead(path, noFollow).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') {
        throw error;
      }
      return undefined;
    });
    await access(handle === undefined ? dirname(path) : path, constants.W_OK);
    if (handle !== undefined) {
      for await (const _entries of readManifest(path, handle, signal)) {
        // Reading is the check.
      }
    }
  } catch (error) {
    throw signal.aborted ? error : explain(error, path);
  } finally {
    await handle?.close();
  }
}

/** Reads the entries that count, the newest of each. */
async function readKnown(
  path: string,
  handle: FileHandle,
  { account, endpoint, maxAgeMs, clock }: ManifestScope,
  signal: AbortSignal,
): Promise<KnownUploads> {
  const oldest = maxAgeMs === undefined ? Number.NEGATIVE_INFINITY : clock.epochMs() - maxAgeMs;
  const known: KnownUploads = { byContent: new Map(), byFit: new Map() };
  for await (const entries of readManifest(path, handle, signal)) {
    for (const entry of entries) {
      if (
        entry.account === account &&
        entry.endpoint === endpoint &&
        Date.parse(entry.uploadedAt) >= oldest
      ) {
        remember(known, entry);
      }
    }
  }
  return known;
}

function remember(
  { byContent, byFit }: KnownUploads,
  { endpoint: _endpoint, uploadedAt: _uploadedAt, fit: recipe, ...upload }: ManifestEntry,
): void {
  const { fitted: _fitted, source, ...content } = upload;
  byContent.set(upload.sha256, content);
  if (recipe !== undefined) {
    byFit.set(`${source?.sha256 ?? upload.sha256} ${recipe}`, upload);
  }
}

/** An upload with the account of its reference: the service may have chosen another than was asked for. */
function withOwnAccount(upload: RememberedUpload | undefined): RememberedUpload | undefined {
  return upload && { ...upload, account: findAccount(upload.assetRef, upload.account) ?? upload.account };
}

/** Whether the file is empty or ends with a newline. */
async function isFinished(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) {
    return true;
  }
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] === 0x0a;
}

/** What these errors mean for a file that is created if it is missing, and whose links are not followed. */
const problems: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link; name the file it leads to',
  ENOENT: 'its folder does not exist',
};

/** The error for the user: a UsageError is one already. */
function explain(error: unknown, path: string): UsageError {
  if (error instanceof UsageError) {
    return error;
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  return new UsageError(`--manifest ${path}: it cannot be used: ${problems[code] ?? describeErrno(error)}`);
}
