import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { configTooLarge, MAX_CONFIG_SIZE_BYTES } from './config-file.ts';
import { type ConfigValues, isJson, isPackageJson, parseConfig } from './parse.ts';

const SEARCH_PLACES = [
  '.dreaminarc',
  '.dreaminarc.json',
  '.dreaminarc.yaml',
  '.dreaminarc.yml',
  '.config/dreaminarc',
  '.config/dreaminarc.json',
  '.config/dreaminarc.yaml',
  '.config/dreaminarc.yml',
  'package.json',
] as const;

/** The project's config: the nearest there is, from the working directory upwards to the root. */
export async function findProjectConfig(
  cwd: string,
): Promise<{ readonly path: string; readonly values: ConfigValues } | undefined> {
  for (const directory of upwards(cwd)) {
    const places = existingPlaces(directory);
    const found = places.length === 0 ? undefined : await search(directory, places);
    if (found !== undefined) return found;
  }
  return undefined;
}

function* upwards(from: string): Generator<string> {
  let directory = from;
  for (;;) {
    yield directory;
    const parent = dirname(directory);
    if (parent === directory) return;
    directory = parent;
  }
}

/** The search places of a directory that are there; a package.json that is out of order is not ours to judge. */
function existingPlaces(directory: string): string[] {
  const places: string[] = [];
  for (const place of SEARCH_PLACES) {
    const path = join(directory, place);
    const stats = lookAt(path);
    if (stats === undefined || stats.isDirectory()) continue;
    const fault = findFault(path, stats);
    if (isPackageJson(path)) {
      if (fault === undefined && speaksOfUs(path)) places.push(place);
    } else if (fault === undefined) places.push(place);
    else throw fault;
  }
  return places;
}

/** Whether a package.json may have a config in it: most have none, and are not worth loading cosmiconfig for. */
function speaksOfUs(path: string): boolean {
  try {
    return /dreamina|\\u/.test(readFileSync(path, 'utf8'));
  } catch {
    // Reading it tells why not.
    return true;
  }
}

/** What a path leads to; what cannot even be looked at (missing, or somebody else's) is not this project's config. */
function lookAt(path: string): Stats | undefined {
  try {
    // At once: nothing else can be done meanwhile, and each of some fifty answers would else be waited for in turn.
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

// cosmiconfig reads whatever is there, whole, and a `.dreaminarc` in a cloned repository may be a link to /dev/zero
// or to a terminal.
function findFault(path: string, stats: Stats): ConfigError | undefined {
  if (!stats.isFile()) return new ConfigError(`${path}: a config file must be a regular file`);
  return stats.size > MAX_CONFIG_SIZE_BYTES ? configTooLarge(path) : undefined;
}

async function search(directory: string, places: string[]) {
  // Not `cosmiconfig()`: before anything else it looks for its own settings and, whatever options it is given,
  // executes `.config/config.js`, `.ts`, `.cjs` or `.mjs` of the working directory.
  const { Explorer } = await import('cosmiconfig/dist/Explorer.js');
  const explorer = new Explorer({
    moduleName: 'dreamina',
    packageProp: 'dreamina',
    searchPlaces: places,
    // 'global' ends in ~/.config/dreamina, and would pass the user's own config off as the project's.
    searchStrategy: 'none',
    // JSON and YAML only: the package's own loaders for the other extensions execute the file.
    loaders: { '.json': load, '.yaml': load, '.yml': load, noExt: load },
    metaConfigFilePath: null,
    ignoreEmptySearchPlaces: true,
    mergeImportArrays: false,
    mergeSearchPlaces: false,
    cache: false,
    transform: (result) => result,
  });
  try {
    const result = await explorer.search(directory);
    return result === null ? undefined : { path: result.filepath, values: result.config as ConfigValues };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new ConfigError(`the project's config in ${directory} cannot be read (${code})`, { cause });
  }
}

/** cosmiconfig's loader: it wants a package.json whole, and takes the property from it afterwards. */
async function load(path: string, text: string): Promise<unknown> {
  if (!isPackageJson(path)) return await parseConfig(text, path);
  return isJson(text) ? { dreamina: await parseConfig(text, path) } : {};
}
