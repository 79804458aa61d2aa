import { readdir, realpath, stat } from 'node:fs/promises';
import { decodePath, encodePath } from './path-bytes.ts';

/** An entry of a folder. */
export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link';
}

/** Reads folders, each once. */
export class FolderReader {
  readonly #entries = new Map<string, Promise<readonly Entry[]>>();
  readonly #realPaths = new Map<string, Promise<string>>();

  /** Lists a folder, sorted so that every run behaves the same; rejects with the system's error. */
  list(folder: string): Promise<readonly Entry[]> {
    return remember(this.#entries, folder, readEntries);
  }

  /** A folder's path without any link; rejects with the system's error. */
  realPath(folder: string): Promise<string> {
    return remember(this.#realPaths, folder, readRealPath);
  }

  /** Where a symbolic link leads; a link that leads nowhere is a file that cannot be read. */
  async follow(link: string): Promise<{ readonly realPath: string; readonly kind: 'file' | 'folder' }> {
    try {
      const target = await readRealPath(link);
      return { realPath: target, kind: (await stat(encodePath(link))).isDirectory() ? 'folder' : 'file' };
    } catch {
      return { realPath: link, kind: 'file' };
    }
  }
}

function remember<Value>(
  known: Map<string, Promise<Value>>,
  key: string,
  read: (key: string) => Promise<Value>,
): Promise<Value> {
  const value = known.get(key) ?? read(key);
  known.set(key, value);
  return value;
}

async function readRealPath(path: string): Promise<string> {
  return decodePath(await realpath(encodePath(path), { encoding: 'buffer' }));
}

async function readEntries(folder: string): Promise<readonly Entry[]> {
  return (await readUnsorted(folder)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readUnsorted(folder: string): Promise<Entry[]> {
  const path = encodePath(folder);
  const entries = await readdir(path, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes('\ufffd'))) {
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  }
  // The folder may hold names that are not UTF-8. Reading bytes takes twice as long, so it is not the default.
  const raw = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  return raw.map((entry) => ({ name: decodePath(entry.name), kind: kindOf(entry) }));
}

/** What a folder's entry, or an unfollowed path, is. */
export function kindOf(entry: { isDirectory(): boolean; isSymbolicLink(): boolean }): Entry['kind'] {
  return entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'file';
}
