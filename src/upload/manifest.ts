import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import * as v from 'valibot';
import { isReference } from '../client/reference.ts';
import { describeErrno } from '../errno.ts';
import { UsageError } from '../errors.ts';
import type { Clock } from '../host.ts';
import type { UploadedOutcome } from './record.ts';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;

/** A link in a folder from somebody else would have what is named written somewhere else. Windows has no such flag. */
const noFollow = O_NOFOLLOW ?? 0;

/** One line of a manifest: which bytes have which reference, for which account and where. */
const entrySchema = v.object({
  /** First on the line, so that a torn line can be told from a foreign one. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  account: v.string(),
  /** The `apiUrl` it was sent to. */
  endpoint: v.string(),
  imageRef: v.custom<string>(isReference),
  width: v.exactOptional(v.number()),
  height: v.exactOptional(v.number()),
  /** Bytes. */
  size: v.number(),
  contentType: v.picklist(['image/jpeg', 'image/png', 'image/webp']),
  /** ISO 8601. */
  uploadedAt: v.pipe(v.string(), v.isoTimestamp()),
});

type Entry = v.InferOutput<typeof entrySchema>;

/** What a manifest remembers of an upload. */
export type RememberedUpload = Omit<Entry, 'endpoint' | 'uploadedAt'>;

/** Which entries of a manifest count. */
export interface ManifestScope {
  readonly account: string;
  /** The `apiUrl`. */
  readonly endpoint: string;
  /** Entries older than this are ignored; undefined for no limit. */
  readonly maxAgeMs: number | undefined;
  readonly clock: Clock;
}

/**
 * An append-only ledger of uploads, one JSON object a line.
 *
 * Several runs may share one: a line is written by one call in append mode, which the operating system puts at the end
 * as it then is, undivided. What a crash or a full disk leaves behind is an unfinished last line; it is cut off when
 * the manifest is opened, and a line is never glued to one.
 */
export class Manifest {
  readonly #scope: ManifestScope;
  readonly #handle: FileHandle;
  readonly #known: Map<string, RememberedUpload>;
  #pending: { readonly line: string; readonly settle: (error?: unknown) => void }[] = [];
  #writing: Promise<void> | undefined;

  private constructor(scope: ManifestScope, handle: FileHandle, known: Map<string, RememberedUpload>) {
    this.#scope = scope;
    this.#handle = handle;
    this.#known = known;
  }

  /**
   * Opens a manifest, or begins one.
   *
   * @throws UsageError where it cannot be read or written, or a line in it is none of a manifest's
   */
  static async open(path: string, scope: ManifestScope): Promise<Manifest> {
    // Read and write at any place for the repair, but write at the end only for everything else.
    const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | noFollow).catch(
      (error: NodeJS.ErrnoException) => {
        throw cannotUse(path, error);
      },
    );
    try {
      const entries = await readEntries(path, handle, scope.clock);
      return new Manifest(scope, handle, select(entries, scope));
    } catch (error) {
      await handle.close();
      throw error instanceof UsageError ? error : cannotUse(path, error as NodeJS.ErrnoException);
    }
  }

  /** The reference that these bytes have already, if any. */
  find(sha256: string): RememberedUpload | undefined {
    return this.#known.get(sha256);
  }

  /** Records an upload; resolves when it is on the disk, rejects where it cannot be put there. */
  async add(upload: UploadedOutcome): Promise<void> {
    const { sha256, imageRef, width, height, size, contentType } = upload;
    const entry: Entry = {
      sha256,
      account: this.#scope.account,
      endpoint: this.#scope.endpoint,
      imageRef,
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      size,
      contentType,
      uploadedAt: new Date(this.#scope.clock.now()).toISOString(),
    };
    this.#known.set(sha256, toRemembered(entry));
    await new Promise<void>((resolve, reject) => {
      this.#pending.push({
        line: `${JSON.stringify(entry)}\n`,
        settle: (error) => (error === undefined ? resolve() : reject(error)),
      });
      this.#writing ??= this.#writePending();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }

  /** Flushing takes milliseconds, so what comes meanwhile goes out together with one flush. */
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
    const separator = (await isTorn(this.#handle, this.#scope.clock)) ? '\n' : '';
    await this.#handle.appendFile(`${separator}${text}`);
    await this.#handle.datasync();
  }
}

/**
 * Checks that a manifest could be used, without writing to it or beginning it.
 *
 * @throws UsageError as {@link Manifest.open} does
 */
export async function checkManifest(path: string): Promise<void> {
  // Non-blocking, because opening a FIFO otherwise waits for somebody to write to it.
  const flags = O_RDONLY | noFollow | (O_NONBLOCK ?? 0);
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') {
      throw cannotUse(path, error);
    }
  });
  try {
    if (handle !== undefined) {
      parseEntries(path, await readAll(path, handle));
    }
  } catch (error) {
    throw error instanceof UsageError ? error : cannotUse(path, error as NodeJS.ErrnoException);
  } finally {
    await handle?.close();
  }
}

/** How long an unfinished last line may be the work of another run that is writing it just now. */
const writingMs = 100;

async function readEntries(path: string, handle: FileHandle, clock: Clock): Promise<readonly Entry[]> {
  let { entries, tornAt, sizeBytes } = parseEntries(path, await readAll(path, handle));
  while (tornAt !== undefined) {
    const unfinishedBytes = sizeBytes;
    await clock.sleep(writingMs, new AbortController().signal);
    ({ entries, tornAt, sizeBytes } = parseEntries(path, await readAll(path, handle)));
    if (tornAt !== undefined && sizeBytes === unfinishedBytes) {
      await handle.truncate(tornAt);
      break;
    }
  }
  return entries;
}

/** How our lines begin: one that begins so and is no JSON was left by a crash while another run went on below it. */
const lineStart = '{"sha256":"';

interface ParsedManifest {
  readonly entries: readonly Entry[];
  /** Where an unfinished last line begins, in bytes. */
  readonly tornAt: number | undefined;
  readonly sizeBytes: number;
}

/** @throws UsageError naming a line that is none of a manifest's */
function parseEntries(path: string, bytes: Buffer): ParsedManifest {
  const lastLineAt = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.toString('utf8').split('\n');
  const entries: Entry[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') {
      continue;
    }
    const value = parseJson(line);
    const result = v.safeParse(entrySchema, value);
    if (result.success) {
      entries.push(result.output);
    } else if (value === undefined && index === lines.length - 1 && line.startsWith('{')) {
      return { entries, tornAt: lastLineAt, sizeBytes: bytes.length };
    } else if (value !== undefined || !line.startsWith(lineStart)) {
      throw new UsageError(
        `--manifest ${path}: line ${index + 1} is not one of a manifest; nothing was sent and nothing written to it`,
      );
    }
  }
  return { entries, tornAt: undefined, sizeBytes: bytes.length };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The entries that count, the newest for each content. */
function select(entries: readonly Entry[], scope: ManifestScope): Map<string, RememberedUpload> {
  const oldest = scope.maxAgeMs === undefined ? Number.NEGATIVE_INFINITY : scope.clock.now() - scope.maxAgeMs;
  return new Map(
    entries
      .filter(
        ({ account, endpoint, uploadedAt }) =>
          account === scope.account && endpoint === scope.endpoint && Date.parse(uploadedAt) >= oldest,
      )
      .map((entry) => [entry.sha256, toRemembered(entry)]),
  );
}

function toRemembered({
  endpoint: _endpoint,
  uploadedAt: _uploadedAt,
  ...remembered
}: Entry): RememberedUpload {
  return remembered;
}

/** What Node can make text of; about two million entries. */
const largestManifestBytes = 512 * 1024 * 1024 - 24;

async function readAll(path: string, handle: FileHandle): Promise<Buffer> {
  const stat = await handle.stat();
  if (!stat.isFile()) {
    throw new UsageError(`--manifest ${path}: it is not a regular file`);
  }
  const { size } = stat;
  if (size > largestManifestBytes) {
    throw new UsageError(`--manifest ${path}: it is larger than 512 MiB`);
  }
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0);
  return buffer.subarray(0, bytesRead);
}

/** Whether the file ends within a line that nobody is writing any more. */
async function isTorn(handle: FileHandle, clock: Clock): Promise<boolean> {
  for (;;) {
    const { size } = await handle.stat();
    const last = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    if (size === 0 || last.buffer[0] === 0x0a) {
      return false;
    }
    // A line that another run is writing just now can be seen half done.
    await clock.sleep(writingMs, new AbortController().signal);
    if ((await handle.stat()).size === size) {
      return true;
    }
  }
}

/** What an error means where the file is to be created and links are not followed. */
const problems: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link; name the file it leads to',
  ENOENT: 'its directory does not exist',
};

function cannotUse(path: string, error: NodeJS.ErrnoException): UsageError {
  return new UsageError(
    `--manifest ${path}: it cannot be used: ${problems[error.code ?? ''] ?? describeErrno(error)}`,
  );
}
