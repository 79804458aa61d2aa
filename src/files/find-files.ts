import { stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { pMapIterable } from 'p-map';
import { absolutePath } from '../absolute-path.ts';
import { UsageError } from '../errors.ts';
import type { Host } from '../host.ts';
import { groupDigits } from '../units.ts';
import { describeAbsentPath, describeUrl, expandHome } from './absent-path.ts';
import { Exclusion } from './exclusion.ts';
import { expandBraces, PatternTooLarge } from './expand-braces.ts';
import { FolderReader } from './folder-reader.ts';
import type { FoundFile } from './found-file.ts';
import { sortNaturally } from './natural-order.ts';
import { encodePath, showPath } from './path-bytes.ts';
import { mayHaveGroups, type PatternSyntax, parsePattern } from './pattern.ts';
import { type Match, Search, type SearchOptions } from './search.ts';
import { parseNamedWishes } from './wishes.ts';

/** How a command line names the files of a run. */
export interface FileRequest {
  /** Paths, globs and `-`. */
  readonly patterns: readonly string[];
  /** Paths that are never globs and never standard input, as `decodePath` gives them. */
  readonly literals: readonly string[];
  /** Whether directories are descended into. */
  readonly recursive: boolean;
  /** Whether globs and `recursive` take hidden files and folders. */
  readonly hidden: boolean;
  /** Globs of what globs and `recursive` leave out. */
  readonly exclude: readonly string[];
  /** The extensions of the files that `recursive` takes, in lower case and without the dot. */
  readonly extensions: readonly string[];
}

type FileHost = Pick<Host, 'cwd' | 'homeDir' | 'platform' | 'signal' | 'stdin'>;

/**
 * Finds every file that is asked for, in the order of asking.
 * Rejects with the signal's reason when it is aborted meanwhile.
 *
 * @throws UsageError that lists what names nothing
 */
export async function findFiles(request: FileRequest, host: FileHost): Promise<readonly FoundFile[]> {
  const finder = new Finder(request, host);
  const inputs: readonly Input[] = [
    ...request.patterns.map((name) => ({ name, find: () => finder.findPattern(name) })),
    ...request.literals.map((name) => ({ name, find: () => finder.findLiteral(name) })),
  ];
  const found: FoundFile[] = [];
  const problems: string[] = [];
  let problemCount = 0;
  const results = pMapIterable(inputs, (input) => tryToFind(input, host.signal), { concurrency: atOnce });
  for await (const { name, result } of results) {
    if (result instanceof NamesNothing) {
      problemCount += 1;
      if (problems.length < maxProblems) {
        problems.push(`${shorten(showPath(name)) || "''"}: ${shorten(showPath(await result.describe()))}`);
      }
      continue;
    }
    // Not spread into one call, which accepts only about a hundred thousand arguments.
    for (const file of result) {
      found.push(file);
    }
  }
  if (problemCount > problems.length) {
    problems.push(`${groupDigits(problemCount - problems.length)} more name nothing either`);
  }
  if (problems.length > 0) {
    throw new UsageError(problems);
  }
  if (found.length === 0) {
    throw new UsageError(
      'there is nothing to upload: name a file, a pattern, a directory with -r, or - for standard input',
    );
  }
  return found;
}

/** One argument, or one entry of a list. */
interface Input {
  readonly name: string;
  readonly find: () => Promise<readonly FoundFile[]>;
}

async function tryToFind({ name, find }: Input, signal: AbortSignal) {
  signal.throwIfAborted();
  try {
    return { name, result: await find() };
  } catch (error) {
    if (error instanceof NamesNothing) {
      return { name, result: error };
    }
    throw error;
  }
}

/** How many inputs to look up at once: enough to keep a disk busy. */
const atOnce = 16;

/** How many problems are listed; more are counted. */
const maxProblems = 10;

/** A file that is not a list may contain names of any length. */
const maxShownLength = 400;

function shorten(text: string): string {
  return text.length <= maxShownLength ? text : `${text.slice(0, maxShownLength)}…`;
}

/** Called only for an error: the first use of `Intl` takes Node some milliseconds. */
function formatExtensions(extensions: readonly string[]): string {
  const list = new Intl.ListFormat('en-GB', { type: 'disjunction' });
  return list.format(extensions.map((extension) => `.${extension}`));
}

/** One argument leads to no file. */
class NamesNothing extends Error {
  /** Continues "<argument>: …"; computed only when it is printed. */
  readonly describe: () => string | Promise<string>;

  constructor(describe: () => string | Promise<string>) {
    super('names nothing');
    this.describe = describe;
  }
}

/** Each folder is read once for all arguments. */
class Finder {
  readonly #options: SearchOptions;
  readonly #host: FileHost;
  readonly #reader = new FolderReader();
  readonly #extensions: readonly string[];

  /** @throws UsageError for an invalid pattern in `exclude` */
  constructor({ recursive, hidden, exclude, extensions }: FileRequest, host: FileHost) {
    const exclusion = new Exclusion(exclude);
    this.#options = { recursive, hidden, exclusion, extensions: new Set(extensions) };
    this.#extensions = extensions;
    this.#host = host;
  }

  /** Prefer an existing file over a pattern: names that a shell has expanded may look like patterns. */
  async findPattern(pattern: string): Promise<readonly FoundFile[]> {
    if (pattern === '-') {
      return [{ path: '-', source: this.#host.stdin }];
    }
    const kind = await this.#kindOf(pattern);
    if (kind === 'absent') {
      const wished = await this.#findWished(pattern);
      if (wished !== undefined) {
        return [wished];
      }
    }
    if (pattern !== '' && (kind === 'absent' || (kind === 'unknown' && /[*?[]/.test(pattern)))) {
      return this.#expand(pattern);
    }
    return this.#findPath(pattern, kind);
  }

  /** The one file that is named before `#trim=…`, `#frame=…` or `#aspect=…`; undefined if there is none of these. */
  async #findWished(argument: string): Promise<FoundFile | undefined> {
    const named = readNamedWishes(argument);
    if (named === undefined) {
      return undefined;
    }
    const { path, wishes } = named;
    if (path === '-') {
      return { path, source: this.#host.stdin, wishes };
    }
    const kind = await this.#kindOf(path);
    if (kind === 'directory' || (kind === 'absent' && /[*?[{]/.test(path))) {
      throw new NamesNothing(
        () =>
          'trim, frame and aspect may follow the name of one file only; use --trim, --frame and --aspect for all',
      );
    }
    const [file] = await this.#findPath(path, kind);
    return { ...file!, wishes };
  }

  async findLiteral(path: string): Promise<readonly FoundFile[]> {
    return this.#findPath(path, await this.#kindOf(path));
  }

  async #findPath(path: string, kind: PathKind): Promise<readonly FoundFile[]> {
    switch (kind) {
      case 'absent':
        throw this.#absent(path);
      case 'directory':
        return this.#findBelow(path);
      // Treat a path that cannot be stat'ed as a file; checking it reports the reason.
      case 'unknown':
      case 'file':
        return [{ path: showPath(path), source: await this.#sourceOf(path) }];
    }
  }

  /** The empty path is not the working directory: `-r "$folder"` with no folder set is a mistake. */
  async #kindOf(path: string): Promise<PathKind> {
    return path === '' ? 'absent' : kindOf(absolutePath(path, this.#host));
  }

  async #findBelow(path: string): Promise<readonly FoundFile[]> {
    const search = new Search(this.#options, this.#reader, this.#host);
    await this.#searchBelow(path, search);
    return this.#filesOf(search) ?? this.#nothingBelow(search);
  }

  async #searchBelow(path: string, search: Search): Promise<void> {
    if (!this.#options.recursive) {
      throw new NamesNothing(() => 'it is a directory; use -r to upload the files in it');
    }
    const folder = absolutePath(path, this.#host);
    // A folder that cannot be resolved cannot be read either, which is reported later.
    const realPath = await this.#reader.realPath(folder).catch(() => folder);
    await search.addBelowNamed(/^\.(?:\/+\.)*\/*$/.test(path) ? '' : path.replace(/\/*$/, '/'), realPath);
  }

  async #expand(pattern: string): Promise<readonly FoundFile[]> {
    const portable = this.#host.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
    try {
      if (portable.length > maxPatternLength) {
        throw new PatternTooLarge();
      }
      const words = expandBraces(portable);
      const search = await this.#searchWords(pattern, words, { hasGroups: false });
      const files = this.#filesOf(search);
      if (files !== undefined && (files.length === 1 || !isOneName(portable))) {
        return files;
      }
      if (files !== undefined) {
        throw new NamesNothing(
          () =>
            'several names that are not UTF-8 look like this; use a pattern in quotes, or --files-from with -0',
        );
      }
      // `*(1).png` is plain text to bash, and a group under its extglob.
      const grouped = mayHaveGroups(portable)
        ? this.#filesOf(await this.#searchWords(pattern, words, { hasGroups: true }))
        : undefined;
      return (
        grouped ?? (search.hasSearchedBelow ? this.#nothingBelow(search) : this.#noMatch(pattern, search))
      );
    } catch (error) {
      throw error instanceof PatternTooLarge
        ? new NamesNothing(() => 'there is no such file, and it is too long for a pattern')
        : error;
    }
  }

  /** @param pattern what the words were expanded from */
  async #searchWords(pattern: string, words: readonly string[], syntax: PatternSyntax): Promise<Search> {
    const search = new Search(this.#options, this.#reader, this.#host);
    for (const word of words.filter((it) => it !== '')) {
      const isForFolders = /[^/]\/+$/.test(word);
      const parts = parsePattern(isForFolders ? word.replace(/\/+$/, '') : word, syntax);
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
    switch (await this.#kindOf(path)) {
      case 'absent':
        throw whole === undefined
          ? new NamesNothing(() => `there is no such file as ${path}`)
          : this.#absent(whole);
      case 'unknown':
      case 'file': {
        const source = await this.#sourceOf(path);
        const { realPath } = await this.#reader.follow(source);
        search.matches.push({ path, source, realPath, isLinked: false });
        return;
      }
      case 'directory':
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

  /** A folder's path without links, and the name in it, so that two names of one file give the same path. */
  async #sourceOf(path: string): Promise<string> {
    const file = absolutePath(path, this.#host);
    if (sep === '\\') {
      return file;
    }
    const [folder, name] = [dirname(file), basename(file)];
    return this.#reader.realPath(folder).then(
      (realPath) => join(realPath, name),
      () => file,
    );
  }

  #absent(path: string): NamesNothing {
    return new NamesNothing(() => describeAbsentPath(path, this.#host, this.#reader));
  }

  #nothingBelow({ hasLeftOut }: Search): never {
    const more = hasLeftOut ? ' that is neither hidden nor excluded' : '';
    throw new NamesNothing(() => `there is no ${formatExtensions(this.#extensions)} file in it${more}`);
  }

  #noMatch(pattern: string, { hasLeftOut }: Search): never {
    throw new NamesNothing(async () => {
      const url = await describeUrl(pattern, this.#host);
      const expanded = expandHome(pattern, this.#host);
      const more = hasLeftOut ? ' that is not excluded' : '';
      const advice = expanded === undefined ? '' : `; did you mean ${expanded}?`;
      return url ?? `there is no such file, and as a pattern it matches none${more}${advice}`;
    });
  }
}

/** Says what is wrong with wishes together with the argument that has them. */
function readNamedWishes(argument: string): ReturnType<typeof parseNamedWishes> {
  try {
    return parseNamedWishes(argument);
  } catch (error) {
    if (error instanceof UsageError) {
      const { message } = error;
      throw new NamesNothing(() => message);
    }
    throw error;
  }
}

/** Longer than any real pattern, short enough to parse quickly. */
const maxPatternLength = 16_384;

/** Whether an argument is the name of one file, but for bytes that are not UTF-8 and were lost on the way. */
function isOneName(argument: string): boolean {
  return (
    argument.includes('\ufffd') &&
    expandBraces(argument).length === 1 &&
    parsePattern(argument.replaceAll('\ufffd', 'x'), { hasGroups: false }).every(
      ({ kind }) => kind === 'literal',
    )
  );
}

const absentCodes: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ENAMETOOLONG',
  // A NUL byte in the path.
  'ERR_INVALID_ARG_VALUE',
]);

type PathKind = 'absent' | 'directory' | 'file' | 'unknown';

async function kindOf(file: string): Promise<PathKind> {
  try {
    return (await stat(encodePath(file))).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    return absentCodes.has((error as NodeJS.ErrnoException).code) ? 'absent' : 'unknown';
  }
}
