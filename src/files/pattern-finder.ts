import { absolutePath } from '../absolute-path.ts';
import { joinWords } from '../words.ts';
import { Exclusion } from './exclusion.ts';
import { expandBraces, PatternTooLarge } from './expand-braces.ts';
import type { FoundFile } from './found-file.ts';
import { type FileHost, type NamedPaths, NoFileError } from './named-paths.ts';
import { sortNaturally } from './natural-order.ts';
import { showPath } from './path-bytes.ts';
import { mayHaveGroups, parsePattern, withForwardSlashes } from './pattern.ts';
import { type Match, Search, type SearchOptions } from './search.ts';

/** Finds the files that patterns match, and those in folders. */
export class PatternFinder {
  readonly #options: SearchOptions;
  readonly #exclusion: Exclusion;
  readonly #paths: NamedPaths;
  readonly #host: FileHost;

  /**
   * @param exclude globs of the files that are left out
   * @throws UsageError for an invalid one
   */
  constructor(options: SearchOptions, exclude: readonly string[], paths: NamedPaths, host: FileHost) {
    this.#options = options;
    this.#exclusion = new Exclusion(exclude, host.platform);
    this.#paths = paths;
    this.#host = host;
  }

  #startSearch(): Search {
    return new Search(this.#options, this.#exclusion, this.#paths.reader, this.#host);
  }

  /** @throws NoFileError */
  async findBelow(path: string): Promise<readonly FoundFile[]> {
    const search = this.#startSearch();
    await this.#searchBelow(path, search);
    return this.#filesOf(search) ?? this.#nothingBelow(search);
  }

  async #searchBelow(path: string, search: Search): Promise<void> {
    if (!this.#options.recursive) {
      throw new NoFileError(() => 'it is a directory; use -r to upload the files in it');
    }
    const folder = absolutePath(path, this.#host);
    // A folder that cannot be resolved cannot be read either, which is reported later.
    const realPath = await this.#paths.reader.realPath(folder).catch(() => folder);
    await search.addBelow(/^\.(?:\/+\.)*\/*$/.test(path) ? '' : path.replace(/\/*$/, '/'), realPath);
  }

  /** @throws NoFileError */
  async expand(pattern: string): Promise<readonly FoundFile[]> {
    const portable = withForwardSlashes(pattern, this.#host.platform);
    try {
      if (portable.length > maxPatternLength) {
        throw new PatternTooLarge();
      }
      const words = expandBraces(portable);
      const search = await this.#searchWords(pattern, words, false);
      const files = this.#filesOf(search);
      if (files !== undefined && (files.length === 1 || !isOneName(portable))) {
        return files;
      }
      if (files !== undefined) {
        throw new NoFileError(
          () => 'several non-UTF-8 names match this; use a pattern in quotes, or --files-from with -0',
        );
      }
      // `*(1).png` is plain text to bash, and a group under its extglob.
      const grouped = mayHaveGroups(portable)
        ? this.#filesOf(await this.#searchWords(pattern, words, true))
        : undefined;
      return (
        grouped ?? (search.hasSearchedBelow ? this.#nothingBelow(search) : this.#noMatch(pattern, search))
      );
    } catch (error) {
      throw error instanceof PatternTooLarge
        ? new NoFileError(() => 'there is no such file, and it is too long for a pattern')
        : error;
    }
  }

  /** @param pattern the argument that was expanded to the words */
  async #searchWords(pattern: string, words: readonly string[], hasGroups: boolean): Promise<Search> {
    const search = this.#startSearch();
    for (const word of words.filter((it) => it !== '')) {
      const isForFolders = /[^/]\/+$/.test(word);
      const parts = parsePattern(isForFolders ? word.replace(/\/+$/, '') : word, { hasGroups });
      if (parts.some(({ kind }) => kind !== 'literal')) {
        await search.addMatches(parts, isForFolders);
      } else {
        const path = parts.map((part) => (part.kind === 'literal' ? part.name : '')).join('/');
        await this.#searchNamed(
          isForFolders ? `${path}/` : path,
          search,
          words.length === 1 ? pattern : undefined,
        );
      }
    }
    return search;
  }

  /**
   * Adds what a word without wildcards names: braces may have made it, or backslashes.
   *
   * @param whole the argument, if this is its only word
   */
  async #searchNamed(path: string, search: Search, whole: string | undefined): Promise<void> {
    switch (await this.#paths.kindOf(path)) {
      case 'absent':
        throw whole === undefined
          ? new NoFileError(() => `there is no such file as ${path}`)
          : this.#paths.absent(whole);
      case 'unknown':
      case 'file': {
        const source = await this.#paths.sourceOf(path);
        const { realPath } = await this.#paths.reader.follow(source);
        search.matches.push({ path, source, realPath, isLinked: false });
        return;
      }
      case 'folder':
        await this.#searchBelow(path, search);
    }
  }

  /**
   * The files found, in order, each real file once, by a name without a link if it has one; undefined if there are
   * none.
   */
  #filesOf({ matches }: Search): readonly FoundFile[] | undefined {
    const once = new Map<string, Match>();
    const sorted = sortNaturally(matches, ({ path }) => path);
    for (const match of sorted) {
      const known = once.get(match.realPath);
      if (known === undefined || (known.isLinked && !match.isLinked)) {
        once.set(match.realPath, match);
      }
    }
    const files = sorted
      .filter((match) => once.get(match.realPath) === match)
      .map(({ path, source, folderError }) => ({
        path: showPath(path),
        source,
        ...(folderError !== undefined && { folderError }),
      }));
    return files.length === 0 ? undefined : files;
  }

  #nothingBelow({ hasLeftOut }: Search): never {
    const more = hasLeftOut ? ' that is neither hidden nor excluded' : '';
    const extensions = this.#options.extensions.map((extension) => `.${extension}`);
    throw new NoFileError(() => `there is no ${joinWords(extensions, 'or')} file in it${more}`);
  }

  #noMatch(pattern: string, { hasLeftOut }: Search): never {
    throw new NoFileError(async () => {
      const { describeUrl, expandHome } = await import('./absent-path.ts');
      const url = await describeUrl(pattern, this.#host);
      const expanded = expandHome(pattern, this.#host);
      const more = hasLeftOut ? ' that are not excluded' : '';
      const advice = expanded === undefined ? '' : `; did you mean ${expanded}?`;
      return url ?? `there is no such file, and the pattern matches no files${more}${advice}`;
    });
  }
}

/** Longer than any real pattern, short enough to parse quickly. */
const maxPatternLength = 16_384;

/** Whether an argument is the name of one file in which Node has replaced the bytes that are not UTF-8. */
function isOneName(argument: string): boolean {
  return (
    argument.includes('\ufffd') &&
    expandBraces(argument).length === 1 &&
    parsePattern(argument.replaceAll('\ufffd', 'x'), { hasGroups: false }).every(
      ({ kind }) => kind === 'literal',
    )
  );
}
