import { pMapIterable } from 'p-map';
import { UsageError } from '../errors.ts';
import { groupDigits, truncate } from '../words.ts';
import { parseNamedEdits } from './edits.ts';
import type { FoundFile } from './found-file.ts';
import { type FileHost, NamedPaths, NoFileError, type PathKind } from './named-paths.ts';
import { showPath } from './path-bytes.ts';
import type { PatternFinder } from './pattern-finder.ts';
import type { SearchOptions } from './search.ts';

/** How a command line names the files of a run. */
export interface FileRequest extends SearchOptions {
  /** Paths, globs and `-`. */
  readonly patterns: readonly string[];
  /** Paths that are never globs and never standard input, as `decodePath` gives them. */
  readonly literals: readonly string[];
  /** Globs of the files that globs and `recursive` leave out. */
  readonly exclude: readonly string[];
}

/**
 * Finds every file that is asked for, in the order of the inputs.
 * Rejects with the signal's reason if it is aborted before the search is complete.
 *
 * @throws UsageError that lists the inputs that name nothing
 */
export async function findFiles(request: FileRequest, host: FileHost): Promise<readonly FoundFile[]> {
  const finder = new Finder(request, host);
  if (request.exclude.length > 0) {
    await finder.loadPatternFinder();
  }
  const inputs = [
    ...request.patterns.map((name) => ({ name, find: () => finder.findPattern(name) })),
    ...request.literals.map((name) => ({ name, find: () => finder.findLiteral(name) })),
  ];
  const found: FoundFile[] = [];
  const problems: string[] = [];
  let problemCount = 0;
  const results = pMapIterable(
    inputs,
    async ({ name, find }) => {
      host.signal.throwIfAborted();
      return { name, result: await find().catch(asNoFileError) };
    },
    { concurrency: maxLookups },
  );
  for await (const { name, result } of results) {
    if (result instanceof NoFileError) {
      problemCount += 1;
      if (problems.length < maxProblems) {
        problems.push(
          `${truncate(showPath(name), maxShownLength) || "''"}: ${truncate(showPath(await result.describe()), maxShownLength)}`,
        );
      }
      continue;
    }
    // Not spread into one call, which accepts only about a hundred thousand arguments.
    for (const file of result) {
      found.push(file);
    }
  }
  if (problemCount > problems.length) {
    problems.push(`${groupDigits(problemCount - problems.length)} more arguments match no file`);
  }
  if (problems.length > 0) {
    throw new UsageError(problems);
  }
  if (found.length === 0) {
    throw new UsageError(
      'there is nothing to upload: name a file, a pattern, a folder with -r, or - for standard input',
    );
  }
  return found;
}

/** @throws any other error */
function asNoFileError(error: unknown): NoFileError {
  if (error instanceof NoFileError) {
    return error;
  }
  throw error;
}

/** How many inputs to look up at once: enough to keep a disk busy. */
const maxLookups = 16;

/** How many problems are listed; more are counted. */
const maxProblems = 10;

/** A file that is not a list may contain names of any length. */
const maxShownLength = 400;

/** Finds the files of each argument. */
class Finder {
  readonly #request: FileRequest;
  readonly #host: FileHost;
  readonly #paths: NamedPaths;
  #patternFinder: Promise<PatternFinder> | undefined;

  constructor(request: FileRequest, host: FileHost) {
    this.#request = request;
    this.#host = host;
    this.#paths = new NamedPaths(host);
  }

  /**
   * Loads the code that searches folders: most runs do not need it, and loading it takes Node some milliseconds.
   *
   * @throws UsageError for an invalid pattern in `exclude`
   */
  loadPatternFinder(): Promise<PatternFinder> {
    this.#patternFinder ??= import('./pattern-finder.ts').then(
      ({ PatternFinder }) => new PatternFinder(this.#request, this.#request.exclude, this.#paths, this.#host),
    );
    return this.#patternFinder;
  }

  /** Prefer an existing file over a pattern: names that a shell has expanded may look like patterns. */
  async findPattern(pattern: string): Promise<readonly FoundFile[]> {
    if (pattern === '-') {
      return [{ path: '-', source: this.#host.stdin }];
    }
    const kind = await this.#paths.kindOf(pattern);
    if (kind === 'absent') {
      const edited = await this.#findEdited(pattern);
      if (edited !== undefined) {
        return [edited];
      }
    }
    if (pattern !== '' && (kind === 'absent' || (kind === 'unknown' && /[*?[]/.test(pattern)))) {
      return (await this.loadPatternFinder()).expand(pattern);
    }
    return this.#findPath(pattern, kind);
  }

  /** The one file that is named before `#trim=…`, `#frame=…` or `#aspect=…`; undefined if there is none of these. */
  async #findEdited(argument: string): Promise<FoundFile | undefined> {
    const named = readNamedEdits(argument);
    if (named === undefined) {
      return undefined;
    }
    const { path, edits } = named;
    if (path === '-') {
      return { path, source: this.#host.stdin, edits };
    }
    const kind = await this.#paths.kindOf(path);
    if (kind === 'folder' || (kind === 'absent' && /[*?[{]/.test(path))) {
      throw new NoFileError(
        () =>
          'trim, frame and aspect may follow the name of one file only; use --trim, --frame and --aspect for all',
      );
    }
    // A pattern, if Node has replaced bytes of the name that are not UTF-8.
    const [file] =
      kind === 'absent' && path.includes('\ufffd')
        ? await (await this.loadPatternFinder()).expand(path)
        : await this.#findPath(path, kind);
    return { ...file!, edits };
  }

  async findLiteral(path: string): Promise<readonly FoundFile[]> {
    return this.#findPath(path, await this.#paths.kindOf(path));
  }

  async #findPath(path: string, kind: PathKind): Promise<readonly FoundFile[]> {
    switch (kind) {
      case 'absent':
        throw this.#paths.absent(path);
      case 'folder':
        return (await this.loadPatternFinder()).findBelow(path);
      // Treat a path that cannot be stat'ed as a file; checking it reports the reason.
      case 'unknown':
      case 'file':
        return [{ path: showPath(path), source: await this.#paths.sourceOf(path) }];
    }
  }
}

/** Adds the argument to an error in the edits after its name. */
function readNamedEdits(argument: string): ReturnType<typeof parseNamedEdits> {
  try {
    return parseNamedEdits(argument);
  } catch (error) {
    if (error instanceof UsageError) {
      const { message } = error;
      throw new NoFileError(() => message);
    }
    throw error;
  }
}
