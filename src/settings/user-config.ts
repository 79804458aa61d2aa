import type { Stats } from 'node:fs';
import { type FileHandle, lstat } from 'node:fs/promises';
import { dirname, posix, win32 } from 'node:path';
import { describeErrno } from '../errno.ts';
import { ConfigError } from '../errors.ts';
import type { Host } from '../host.ts';
import { makeFolder } from '../make-folder.ts';
import { replaceFile } from '../replace-file.ts';
import { loadConfigFile } from './config-file.ts';
import type { Key } from './definitions.ts';
import type { ConfigValues } from './parse-config.ts';

/** Where programs keep their configs below the home directory, except on Linux and the like. */
const homeFolders: Partial<Record<NodeJS.Platform, string>> = {
  win32: 'AppData/Roaming',
  darwin: 'Library/Application Support',
};

/**
 * The path of the user's config file, whether it exists or not; undefined without a home. A relative path in a variable
 * is ignored: a file of the working directory must not become the user's own config.
 */
export function userConfigPath({
  env,
  homeDir,
  platform,
}: Pick<Host, 'env' | 'homeDir' | 'platform'>): string | undefined {
  const path = platform === 'win32' ? win32 : posix;
  const folders = [
    env.XDG_CONFIG_HOME,
    platform === 'win32' ? env.APPDATA : undefined,
    path.isAbsolute(homeDir) ? path.join(homeDir, homeFolders[platform] ?? '.config') : undefined,
  ];
  const folder = folders.find((it) => it !== undefined && path.isAbsolute(it));
  return folder === undefined ? undefined : path.join(folder, 'dreamina', 'config.json');
}

/** The path of the user's config file, to write to; throws a ConfigError without a home. */
export function requireUserConfigPath(host: Pick<Host, 'env' | 'homeDir' | 'platform'>): string {
  const path = userConfigPath(host);
  if (path === undefined) {
    const variable = host.platform === 'win32' ? 'APPDATA' : 'HOME';
    throw new ConfigError('there is no home directory to write a config to', {
      hint: `Set ${variable} to an absolute path, or give the token in DREAMINA_TOKEN.`,
    });
  }
  return path;
}

/** Keys to set; undefined removes a key. */
export type ConfigChanges = { readonly [K in Key]?: string | undefined };

/**
 * The values in the user's config, `{}` if there is none.
 *
 * @throws ConfigError if the file cannot be read as JSON, or must not be written to (a link, a folder)
 */
export async function readUserConfig(path: string): Promise<ConfigValues> {
  const stats = await statInPlace(path);
  if (stats === undefined) {
    return {};
  }
  // Replacing a link would not change the file it points to, and following it writes to an unexpected place.
  if (stats.isSymbolicLink()) {
    throw new ConfigError(`${path}: it is a symbolic link and is not written to`, {
      hint: 'Put a regular file in its place, or change the file it points to yourself.',
    });
  }
  if (!stats.isFile()) {
    throw new ConfigError(`${path}: it is not a regular file and is not written to`);
  }
  return (await loadConfigFile(path)) ?? {};
}

/**
 * Changes keys of the user's config and keeps the others. Replaces the file as a whole, so that a crash leaves the old
 * or the new one. Only the owner can read the file and the folders that this creates.
 *
 * @throws ConfigError if the file must not be written to, see {@link readUserConfig}, or cannot be written
 */
export async function writeUserConfig(path: string, changes: ConfigChanges): Promise<void> {
  const values = { ...(await readUserConfig(path)), ...changes };
  try {
    await makeFolder(dirname(path), 0o700);
    const text = `${JSON.stringify(values, undefined, 2)}\n`;
    await replaceFile(path, text, 0o600, (file) => assertSameOwner(path, file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) {
      throw cause;
    }
    throw new ConfigError(`${path}: it cannot be written: ${describeErrno(cause)}`, { cause });
  }
}

async function statInPlace(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      return undefined;
    }
    throw new ConfigError(`${path}: it cannot be accessed: ${describeErrno(cause)}`, { cause });
  });
}

/** Refuses to replace another user's file: after `sudo`, its owner could no longer read it. */
async function assertSameOwner(path: string, ours: FileHandle): Promise<void> {
  const theirs = await statInPlace(path);
  if (theirs !== undefined && theirs.uid !== (await ours.stat()).uid) {
    throw new ConfigError(`${path}: it belongs to another user and is not replaced`, {
      hint: 'Run the command as the owner of that file.',
    });
  }
}
