import { lstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeErrno } from '../errno.ts';
import { ConfigError } from '../errors.ts';
import type { Host } from '../host.ts';
import { configTooLarge, maxConfigSizeBytes } from './config-file.ts';
import { type FoundConfig, isJson, isPackageJson, parseConfig } from './parse-config.ts';

const searchPlaces = [
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

/**
 * The nearest project config, from the working directory up to the root.
 *
 * @param onForeign called with the path of each config on the way that another user owns, and that is not read: in a
 *   folder such as /tmp, anybody could say where files are sent
 */
export async function findProjectConfig(
  { cwd, env, userId }: Pick<Host, 'cwd' | 'env' | 'userId'>,
  onForeign: (path: string) => void,
): Promise<FoundConfig | undefined> {
  const owners = trustedOwners(userId, env.SUDO_UID);
  for (const folder of cwd === undefined ? [] : upwards(cwd)) {
    const places = existingPlaces(folder, (place) => {
      const isTrusted = owners === undefined || isOwnedBy(owners, folder, place);
      if (!isTrusted) {
        onForeign(join(folder, place));
      }
      return isTrusted;
    });
    const found = places.length === 0 ? undefined : await search(folder, places);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** A folder and those above it. */
export function* upwards(from: string): Generator<string> {
  let folder = from;
  while (folder !== dirname(folder)) {
    yield folder;
    folder = dirname(folder);
  }
  yield folder;
}

/** The users whose project configs are read, as git decides it: this one, and the one who called sudo. */
function trustedOwners(userId: number | undefined, sudoUid = ''): readonly number[] | undefined {
  if (userId === undefined) {
    return undefined;
  }
  return userId === 0 && /^\d+$/.test(sudoUid) ? [userId, Number(sudoUid)] : [userId];
}

/** Whether a file, the links to it and the folder that is searched for it belong to one of these users. */
function isOwnedBy(owners: readonly number[], folder: string, place: string): boolean {
  const path = join(folder, place);
  const parent = dirname(path);
  const stats = [lstatSync(path), statSync(path), ...(parent === folder ? [] : [lstatSync(parent)])];
  return stats.every(({ uid }) => owners.includes(uid));
}

/**
 * The search places of a folder that hold a file, and one that is trusted; skips a faulty package.json, which is
 * another tool's business.
 */
function existingPlaces(folder: string, isTrusted: (place: string) => boolean): string[] {
  const places: string[] = [];
  for (const place of searchPlaces) {
    const path = join(folder, place);
    const stats = statIfPossible(path);
    if (stats === undefined || stats.isDirectory()) {
      continue;
    }
    const fault = findFault(path, stats);
    if (isPackageJson(path)) {
      if (fault === undefined && mayContainConfig(path) && isTrusted(place)) {
        places.push(place);
      }
    } else if (isTrusted(place)) {
      if (fault !== undefined) {
        throw fault;
      }
      places.push(place);
    }
  }
  return places;
}

/** Whether a package.json may contain a config; most do not, and then cosmiconfig need not be loaded. */
function mayContainConfig(path: string): boolean {
  try {
    return /dreamina|\\u/.test(readFileSync(path, 'utf8'));
  } catch {
    // cosmiconfig reports why it cannot be read.
    return true;
  }
}

/** The stats of a path; undefined if it is missing or inaccessible, so that the search goes on. */
function statIfPossible(path: string): Stats | undefined {
  try {
    // Synchronous, because some fifty calls one after the other would take longer as promises.
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

// cosmiconfig reads any file to its end, and a `.dreaminarc` in a cloned repository may link to /dev/zero or a terminal.
function findFault(path: string, stats: Stats): ConfigError | undefined {
  if (!stats.isFile()) {
    return new ConfigError(`${path}: a config file must be a regular file`);
  }
  return stats.size > maxConfigSizeBytes ? configTooLarge(path) : undefined;
}

async function search(folder: string, places: string[]): Promise<FoundConfig | undefined> {
  // Not `cosmiconfig()`, which first executes `.config/config.js`, `.ts`, `.cjs` or `.mjs` of the working directory to
  // find its own settings, whatever its options.
  const { Explorer } = await import('cosmiconfig/dist/Explorer.js');
  const explorer = new Explorer({
    moduleName: 'dreamina',
    packageProp: 'dreamina',
    searchPlaces: places,
    // 'global' also searches ~/.config/dreamina and would take the user's config for the project's.
    searchStrategy: 'none',
    // JSON and YAML only: cosmiconfig's loaders for other extensions execute the file.
    loaders: { '.json': load, '.yaml': load, '.yml': load, noExt: load },
    metaConfigFilePath: null,
    ignoreEmptySearchPlaces: true,
    mergeImportArrays: false,
    mergeSearchPlaces: false,
    cache: false,
    transform: (result) => result,
  });
  try {
    const result = await explorer.search(folder);
    return result === null ? undefined : { path: result.filepath, values: result.config };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) {
      throw cause;
    }
    throw new ConfigError(`the project's config in ${folder} cannot be read: ${describeErrno(cause)}`, {
      cause,
    });
  }
}

/** A loader for cosmiconfig, which takes the property from a whole package.json itself. */
async function load(path: string, text: string): Promise<unknown> {
  if (!isPackageJson(path)) {
    return await parseConfig(text, path);
  }
  return isJson(text) ? { dreamina: await parseConfig(text, path) } : {};
}
