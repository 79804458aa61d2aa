import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { absolutePath } from '../absolute-path.ts';
import type { Host } from '../host.ts';
import type { Exclusion } from './exclusion.ts';
import { type Entry, type FolderReader, kindOf } from './folder-reader.ts';
import { encodePath } from './path-bytes.ts';
import type { PatternPart } from './pattern.ts';

/** How patterns and folders are searched. */
export interface SearchOptions {
  /** Whether folders are descended into. */
  readonly recursive: boolean;
  /** Whether globs and `recursive` take hidden files and folders. */
  readonly hidden: boolean;
  /** The extensions of the files that `recursive` takes, in lower case and without the dot. */
  readonly extensions: readonly string[];
}

/** A file that was found, or a folder that could not be searched. */
export interface Match {
  readonly path: string;
  /** Without links, except in the last name. */
  readonly source: string;
  /** Without links: identifies the real file. */
  readonly realPath: string;
  /** Whether the search followed a symbolic link that the user did not name. */
  readonly isLinked: boolean;
  readonly folderError?: unknown;
}

/** A folder reached by a search. */
interface Place {
  /** The path to show, empty or with a trailing slash. */
  readonly prefix: string;
  readonly realPath: string;
  /** Whether it was found rather than named: if it is missing, that is an error and not a mismatch. */
  readonly isFound: boolean;
  readonly isLinked: boolean;
}

/** Finds the files that a pattern matches, and those below a folder. */
export class Search {
  readonly matches: Match[] = [];
  /** Whether something was left out because it is excluded, or hidden below a folder. */
  hasLeftOut = false;
  /** Whether a folder was searched for all files below it. */
  hasSearchedBelow = false;
  readonly #options: SearchOptions;
  readonly #exclusion: Exclusion;
  readonly #reader: FolderReader;
  readonly #host: Pick<Host, 'cwd' | 'signal'>;
  /** Where the found part of a path begins, after the named part. */
  #foundAt = 0;

  constructor(
    options: SearchOptions,
    exclusion: Exclusion,
    reader: FolderReader,
    host: Pick<Host, 'cwd' | 'signal'>,
  ) {
    this.#options = options;
    this.#exclusion = exclusion;
    this.#reader = reader;
    this.#host = host;
  }

  /**
   * Adds every file that a pattern matches, and with `recursive` the files that {@link addBelow} finds below a folder
   * that it matches. A folder is searched once for each step of the pattern, whatever paths lead to it, so circular
   * links and `**` after `**` terminate. Folders without a link on the way come first, because their names are plainer.
   */
  async addMatches(parts: readonly PatternPart[], isForFolders: boolean): Promise<void> {
    const named = parts.findIndex(({ kind }) => kind !== 'literal');
    const prefix = parts
      .slice(0, named)
      .map((part) => `${part.kind === 'literal' ? part.name : ''}/`)
      .join('');
    this.#foundAt = prefix.length;
    const visited = new Set<string>();
    const direct: { readonly place: Place; readonly step: number }[] = [];
    const linked: typeof direct = [];
    const visit = (place: Place, step: number) => {
      (place.isLinked ? linked : direct).push({ place, step });
    };
    const start = await this.#open(prefix, { prefix, realPath: '', isFound: false, isLinked: false });
    if (start !== undefined) {
      visit(start, named);
    }
    // Both lists grow meanwhile; what is found behind a link goes into the second.
    for (const list of [direct, linked]) {
      for (const { place, step } of list) {
        const key = `${step}:${place.realPath}`;
        if (visited.has(key)) {
          continue;
        }
        visited.add(key);
        const part = parts[step]!;
        if (step === parts.length - 1) {
          await this.#matchLast(place, part, isForFolders, (folder) => visit(folder, step));
        } else {
          await this.#matchFolders(place, part, step, visit);
        }
      }
    }
  }

  /** Adds every file below a named folder whose name has one of the extensions, if folders are descended into. */
  async addBelow(prefix: string, realPath: string): Promise<void> {
    this.#foundAt = prefix.length;
    await this.#addBelow({ prefix, realPath, isFound: false, isLinked: false });
  }

  /** Does not follow links to folders. */
  async #addBelow(folder: Place): Promise<void> {
    if (!this.#options.recursive) {
      return;
    }
    this.hasSearchedBelow = true;
    const places: Place[] = [{ ...folder, isFound: true }];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      for (const entry of await this.#list(place)) {
        if (!this.#takes(place, entry, true)) {
          continue;
        }
        if (entry.kind === 'folder') {
          places.push(enter(place, entry));
        } else if (this.#isNamedLikeAnAsset(entry.name)) {
          await this.#addFile(place, entry);
        }
      }
    }
  }

  async #matchFolders(
    place: Place,
    part: PatternPart,
    step: number,
    visit: (place: Place, step: number) => void,
  ): Promise<void> {
    if (part.kind === 'literal' && part.name === '') {
      // Two slashes are one.
      visit(place, step + 1);
      return;
    }
    if (part.kind === 'literal') {
      const next = await this.#open(`${place.prefix}${part.name}/`, place);
      if (next !== undefined) {
        visit(next, step + 1);
      }
      return;
    }
    if (part.kind === 'globstar') {
      visit(place, step + 1);
    }
    for (const entry of await this.#list(place)) {
      if (entry.kind === 'file' || !this.#takes(place, entry, part)) {
        continue;
      }
      if (entry.kind === 'folder') {
        visit(enter(place, entry), part.kind === 'globstar' ? step : step + 1);
        continue;
      }
      // Below `**`, bash follows a link for the next step only; below a leading `**` it follows none.
      if (part.kind === 'globstar' && step === 0) {
        continue;
      }
      const target = await this.#reader.follow(join(place.realPath, entry.name));
      if (target.kind === 'folder') {
        visit({ ...enter(place, entry), realPath: target.realPath, isLinked: true }, step + 1);
      }
    }
  }

  async #matchLast(
    place: Place,
    part: PatternPart,
    isForFolders: boolean,
    visitBelow: (folder: Place) => void,
  ): Promise<void> {
    if (part.kind === 'literal') {
      await this.#matchName(place, part.name, isForFolders);
      return;
    }
    if (part.kind === 'globstar' && isForFolders) {
      await this.#addBelow(place);
      return;
    }
    for (const entry of await this.#list(place)) {
      if (!this.#takes(place, entry, part)) {
        continue;
      }
      if (entry.kind === 'folder') {
        const folder = enter(place, entry);
        if (part.kind === 'globstar') {
          visitBelow(folder);
        } else {
          await this.#addBelow(folder);
        }
      } else if (!isForFolders) {
        await this.#addFile(place, entry);
      }
    }
  }

  async #matchName(place: Place, name: string, isForFolders: boolean): Promise<void> {
    const source = join(place.realPath, name);
    let kind: Entry['kind'];
    try {
      kind = kindOf(await lstat(encodePath(source)));
    } catch (error) {
      if (isSearchDenied(error)) {
        this.#addFailure(place, error);
      }
      return;
    }
    const path = `${place.prefix}${name}`;
    if (this.#exclusion.has(path, this.#foundAt, kind === 'folder')) {
      this.hasLeftOut = true;
    } else if (kind === 'folder') {
      await this.#addBelow({ ...place, prefix: `${path}/`, realPath: source });
    } else if (!isForFolders) {
      await this.#addFile(place, { name, kind });
    }
  }

  /** Skips links to folders; the caller decides whether to descend into them. */
  async #addFile(place: Place, entry: Entry): Promise<void> {
    const path = `${place.prefix}${entry.name}`;
    const source = join(place.realPath, entry.name);
    if (entry.kind !== 'link') {
      this.matches.push({ path, source, realPath: source, isLinked: place.isLinked });
      return;
    }
    const target = await this.#reader.follow(source);
    if (target.kind === 'file') {
      this.matches.push({ path, source, realPath: target.realPath, isLinked: true });
    }
  }

  /** The folder of a path; undefined if there is none, or none that may be searched, which is then a failure. */
  async #open(prefix: string, parent: Place): Promise<Place | undefined> {
    const path = absolutePath(prefix || '.', this.#host);
    try {
      const realPath = await this.#reader.realPath(path);
      return { prefix, realPath, isFound: false, isLinked: parent.isLinked };
    } catch (error) {
      if (isSearchDenied(error)) {
        this.#addFailure({ ...parent, realPath: parent.realPath || path }, error);
      }
      return undefined;
    }
  }

  async #list(place: Place): Promise<readonly Entry[]> {
    this.#host.signal.throwIfAborted();
    try {
      return await this.#reader.list(place.realPath);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (place.isFound || (code !== 'ENOENT' && code !== 'ENOTDIR')) {
        this.#addFailure(place, error);
      }
      return [];
    }
  }

  #addFailure({ prefix, realPath, isLinked }: Place, folderError: unknown): void {
    const path = prefix.length > 1 ? prefix.replace(/\/$/, '') : prefix || '.';
    // The slash keeps a folder from sharing the outcome of a file of that name.
    this.matches.push({ path, source: `${realPath}/`, realPath: `${realPath}/`, isLinked, folderError });
  }

  /** Whether an entry matches a pattern, or anything for `true`, and is neither hidden nor excluded. */
  #takes(place: Place, entry: Entry, part: PatternPart | true): boolean {
    const { hidden } = this.#options;
    const isTaken =
      part !== true && part.kind === 'pattern'
        ? part.matches(entry.name, hidden)
        : hidden || !entry.name.startsWith('.');
    const path = `${place.prefix}${entry.name}`;
    const isExcluded = isTaken && this.#exclusion.has(path, this.#foundAt, entry.kind === 'folder');
    this.hasLeftOut ||= isExcluded || (!isTaken && part === true);
    return isTaken && !isExcluded;
  }

  #isNamedLikeAnAsset(name: string): boolean {
    const dot = name.lastIndexOf('.');
    return dot !== -1 && this.#options.extensions.includes(name.slice(dot + 1).toLowerCase());
  }
}

function enter({ prefix, realPath, isLinked }: Place, { name }: Entry): Place {
  return { prefix: `${prefix}${name}/`, realPath: join(realPath, name), isFound: true, isLinked };
}

/** Whether a folder denies access; any other error means that the path does not exist. */
function isSearchDenied(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM' || code === 'EIO';
}
