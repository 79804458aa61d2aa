import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { absolutePath } from '../absolute-path.ts';
import { UsageError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { FoundFile } from './found-file.ts';
import { createNaturalOrder } from './natural-order.ts';

/** What names the files of a run. */
export interface FileRequest {
  /** Paths, globs and `-`. */
  readonly patterns: readonly string[];
  /** Paths that are never globs and never standard input. */
  readonly literals: readonly string[];
  /** Whether directories are descended into. */
  readonly recursive: boolean;
}

/**
 * Finds every file that is asked for, in the order of asking.
 *
 * @throws UsageError that lists everything that names nothing; the signal's reason once it is aborted
 */
export async function findFiles(
  request: FileRequest,
  host: Pick<Host, 'cwd' | 'platform' | 'signal' | 'stdin'>,
): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const problems: string[] = [];
  const collect = async (name: string, find: () => Promise<readonly FoundFile[]>) => {
    host.signal.throwIfAborted();
    try {
      const files = await find();
      if (files.length === 0) {
        throw new NamesNothing('there is no .jpg, .jpeg, .png or .webp file in it');
      }
      // Not spread into one call, which takes some hundred thousand arguments at the most.
      for (const file of files) {
        found.push(file);
      }
    } catch (error) {
      if (!(error instanceof NamesNothing)) {
        throw error;
      }
      problems.push(`${name || "''"}: ${error.message}`);
    }
  };
  for (const pattern of request.patterns) {
    await collect(pattern, () => findPattern(pattern, request.recursive, host));
  }
  for (const literal of request.literals) {
    await collect(literal, async () => {
      const files = await findPath(literal, request.recursive, host.cwd);
      if (files === undefined) {
        throw new NamesNothing('there is no such file');
      }
      return files;
    });
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

/** One argument leads to no file; its message continues "<argument>: …". */
class NamesNothing extends Error {}

async function findPattern(
  pattern: string,
  recursive: boolean,
  host: Pick<Host, 'cwd' | 'platform' | 'stdin'>,
): Promise<readonly FoundFile[]> {
  if (pattern === '-') {
    return [{ path: '-', source: host.stdin }];
  }
  // A shell that has expanded a pattern hands over names that may look like patterns: what exists is meant literally.
  const existing = await findPath(pattern, recursive, host.cwd);
  if (existing !== undefined) {
    return existing;
  }
  const portable = host.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  // Most runs have no pattern, and do not wait for what expands one.
  const { glob, isDynamicPattern } = await import('tinyglobby');
  if (!isDynamicPattern(portable)) {
    throw new NamesNothing('there is no such file');
  }
  const [folder, rest] = splitPattern(portable);
  const matches = await glob(rest, {
    cwd: absolutePath(folder || '.', host),
    expandDirectories: false,
    onlyFiles: !recursive,
  }).catch((error: unknown) => {
    // The one for more than 65,536 characters (Linux lets 131,071 through), the other for brackets in brackets.
    throw error instanceof SyntaxError || error instanceof RangeError
      ? new NamesNothing('there is no such file, and it is too long for a pattern')
      : error;
  });
  if (matches.length === 0) {
    throw new NamesNothing('there is no such file, and as a pattern it matches none');
  }
  // A pattern may match a directory and, with **, what is in it; it still names each file once.
  const files = new Map<FoundFile['source'], FoundFile>();
  for (const match of matches.sort(createNaturalOrder())) {
    for (const file of (await findPath(folder + match, recursive, host.cwd)) ?? []) {
      files.set(file.source, file);
    }
  }
  return [...files.values()];
}

/**
 * Splits a pattern into the folder it begins with (empty, or ending in a slash) and what it asks for there.
 * Given both at once, and a pattern that leads out of the working directory, as `../*` and absolute ones do,
 * tinyglobby finds nothing inside that directory: https://github.com/SuperchupuDev/tinyglobby/issues/128
 */
function splitPattern(pattern: string): [folder: string, rest: string] {
  const end = pattern.lastIndexOf('/', pattern.search(/[*?[{(\\]/)) + 1;
  return [pattern.slice(0, end), pattern.slice(end)];
}

/** The file at a path, or the images below it, be there any or none; undefined where there is nothing. */
async function findPath(
  path: string,
  recursive: boolean,
  cwd: string | undefined,
): Promise<readonly FoundFile[] | undefined> {
  // Nowhere in Unix is the empty path the working directory: `-r "$folder"` with no folder set is a mistake.
  if (path === '') {
    return undefined;
  }
  const file = absolutePath(path, { cwd });
  switch (await kindOf(file)) {
    case 'absent':
      return undefined;
    case 'file':
      return [{ path, source: file }];
    case 'directory':
      if (!recursive) {
        throw new NamesNothing('it is a directory; use -r to upload the images in it');
      }
      return findImagesBelow(path, file);
  }
}

const absentCodes: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ENAMETOOLONG',
  // A NUL byte in the path.
  'ERR_INVALID_ARG_VALUE',
]);

async function kindOf(file: string): Promise<'absent' | 'directory' | 'file'> {
  try {
    return (await stat(file)).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    // What is there but cannot be looked at is a file: checking it says what is wrong.
    return absentCodes.has((error as NodeJS.ErrnoException).code) ? 'absent' : 'file';
  }
}

const imageName = /\.(jpe?g|png|webp)$/i;

async function findImagesBelow(path: string, directory: string): Promise<readonly FoundFile[]> {
  const names = await listImages(directory, '').catch(({ code }: NodeJS.ErrnoException) => {
    throw new NamesNothing(`the directory cannot be read (${code})`);
  });
  return names.sort(createNaturalOrder()).map((name) => {
    const source = join(directory, name);
    return { path: path === directory ? source : join(path, name), source };
  });
}

/**
 * The images below a directory, named from there with slashes.
 * By hand, because on Node 26 readdir's own recursion follows links to directories, round and round.
 */
async function listImages(directory: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(join(directory, prefix), { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    if (!entry.isDirectory()) {
      if (imageName.test(name)) {
        names.push(name);
      }
      continue;
    }
    for (const below of await listImages(directory, `${name}/`)) {
      names.push(below);
    }
  }
  return names;
}
