import { stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { absolutePath } from '../absolute-path.ts';
import type { Host } from '../host.ts';
import { FolderReader } from './folder-reader.ts';
import { encodePath } from './path-bytes.ts';

/** What finding files takes from the host. */
export type FileHost = Pick<Host, 'cwd' | 'homeDir' | 'platform' | 'signal' | 'stdin'>;

/** One argument leads to no file. */
export class NoFileError extends Error {
  /** Continues "<argument>: …"; computed only when it is printed. */
  readonly describe: () => string | Promise<string>;

  constructor(describe: () => string | Promise<string>) {
    super('names nothing');
    this.describe = describe;
  }
}

/** What a path leads to; `unknown` if the system refuses to say. */
export type PathKind = 'absent' | 'folder' | 'file' | 'unknown';

/** Looks up paths that are named, by an argument or by a word of a pattern. Each folder is read once. */
export class NamedPaths {
  readonly reader = new FolderReader();
  readonly #host: FileHost;

  constructor(host: FileHost) {
    this.#host = host;
  }

  /** The empty path is not the working directory: `-r "$folder"` with no folder set is a mistake. */
  async kindOf(path: string): Promise<PathKind> {
    if (path === '') {
      return 'absent';
    }
    const file = encodePath(absolutePath(path, this.#host));
    try {
      return (await stat(file)).isDirectory() ? 'folder' : 'file';
    } catch (error) {
      return absentCodes.has((error as NodeJS.ErrnoException).code) ? 'absent' : 'unknown';
    }
  }

  /** A folder's path without links, and the name in it, so that two names of one file give the same path. */
  async sourceOf(path: string): Promise<string> {
    const file = absolutePath(path, this.#host);
    if (sep === '\\') {
      return file;
    }
    const [folder, name] = [dirname(file), basename(file)];
    return this.reader.realPath(folder).then(
      (realPath) => join(realPath, name),
      () => file,
    );
  }

  /** The error for a path that does not exist. */
  absent(path: string): NoFileError {
    return new NoFileError(async () => {
      const { describeAbsentPath } = await import('./absent-path.ts');
      return describeAbsentPath(path, this.#host, this.reader);
    });
  }
}

const absentCodes: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ENAMETOOLONG',
  // A NUL byte in the path.
  'ERR_INVALID_ARG_VALUE',
]);
