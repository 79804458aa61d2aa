import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/**
 * A folder of one run, which no other user can read. It is locked by a socket that the run listens on: the system
 * closes it with the process, however that ends. A process ID would not do, because it may have been reused by then.
 */
export class PrivateFolder {
  readonly path: string;
  readonly #lock: Server;

  private constructor(path: string, lock: Server) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes a folder below that one.
   *
   * @throws if it cannot be made
   */
  static async create(parent: string, platform: NodeJS.Platform): Promise<PrivateFolder> {
    const path = join(parent, `${prefix}${randomBytes(8).toString('hex')}`);
    await mkdir(path, { mode: 0o700 });
    try {
      return new PrivateFolder(path, await lock(path, platform));
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      throw error;
    }
  }

  /** Removes the folder with its files; a later run removes those that cannot be removed now. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    await new Promise((resolve) => this.#lock.close(resolve));
  }
}

const prefix = 'dreamina-fit-';
const lockName = 'lock';
/** Between bind() and listen(), a socket refuses connections, so it gets its final name only after listen(). */
const newLockName = 'new';
/** A run locks its folder within moments; an older one without a lock belongs to a run that was killed before that. */
const maxUnlockedMs = 60 * 60_000;

/**
 * Removes the folders that killed runs of the same user left below that folder. Those that cannot be removed stay,
 * without an error.
 *
 * @param userId undefined if the system has none, and each user a folder for temporary files
 */
export async function removeAbandonedFolders(
  parent: string,
  userId: number | undefined,
  platform: NodeJS.Platform,
  now: () => number,
): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  await Promise.all(
    names
      .filter((name) => name.startsWith(prefix))
      .map(async (name) => {
        const path = join(parent, name);
        try {
          if (await isAbandoned(path, userId, platform, now)) {
            await rm(path, { recursive: true, force: true });
          }
        } catch {}
      }),
  );
}

async function isAbandoned(
  path: string,
  userId: number | undefined,
  platform: NodeJS.Platform,
  now: () => number,
): Promise<boolean> {
  const folder = await lstat(path);
  // Do not follow a link, and do not touch another user's folder.
  if (!folder.isDirectory() || (userId !== undefined && folder.uid !== userId)) {
    return false;
  }
  const answer = await withLockAddress(path, lockName, platform, probeLock);
  return answer === 'stale' || (answer === 'no-lock' && now() - folder.mtimeMs > maxUnlockedMs);
}

/** Whether a run listens. Only these two errors mean that none does: a socket whose queue is full is still held. */
function probeLock(address: string): Promise<'locked' | 'stale' | 'no-lock'> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve('locked');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code === 'ECONNREFUSED' ? 'stale' : code === 'ENOENT' ? 'no-lock' : 'locked');
    });
  });
}

/** The longest path of a socket: 104 bytes on macOS, 108 on Linux. */
const maxAddressBytes = 100;

/**
 * Where that lock listens. A file system knows sockets by path; Windows knows pipes by name, which vanish with the
 * process.
 */
async function withLockAddress<Result>(
  folder: string,
  name: string,
  platform: NodeJS.Platform,
  use: (address: string) => Promise<Result>,
): Promise<Result> {
  if (platform === 'win32') {
    return use(`\\\\.\\pipe\\${folder.replace(/[\\/:]/g, '-')}`);
  }
  const address = join(folder, name);
  if (Buffer.byteLength(address) <= maxAddressBytes || platform !== 'linux') {
    return use(address);
  }
  const handle = await open(folder);
  try {
    return await use(`/proc/self/fd/${handle.fd}/${name}`);
  } finally {
    await handle.close();
  }
}

async function lock(folder: string, platform: NodeJS.Platform): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  // A lock must not keep the program running.
  server.unref();
  await withLockAddress(
    folder,
    newLockName,
    platform,
    (address) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address, () => resolve());
      }),
  );
  if (platform !== 'win32') {
    await rename(join(folder, newLockName), join(folder, lockName));
  }
  return server;
}
