import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '../errors.ts';
import { loadConfigFile } from './config-file.ts';
import type { Key } from './definitions.ts';
import type { ConfigValues } from './parse.ts';

/** Keys to set; undefined takes one away. */
export type ConfigChanges = { readonly [K in Key]?: string | undefined };

/**
 * What stands in the user's config, `{}` where there is none.
 *
 * @throws ConfigError where the file cannot be read as JSON, or is none to write to: a link, a directory
 */
export async function readUserConfig(path: string): Promise<ConfigValues> {
  const stats = await statInPlace(path);
  if (stats === undefined) {
    return {};
  }
  // Replacing a link would leave what it points to as it was, and following one writes where nobody may expect it.
  if (stats.isSymbolicLink()) {
    throw new ConfigError(`${path}: it is a symbolic link and is not written to`, {
      hint: 'Put a regular file in its place, or write the token into the file it points to yourself.',
    });
  }
  if (!stats.isFile()) {
    throw new ConfigError(`${path}: it is not a regular file and is not written to`);
  }
  return (await loadConfigFile(path)) ?? {};
}

/**
 * Changes keys of the user's config and keeps the others. The file is replaced as a whole, so that a crash leaves the
 * old one or the new one, and only its owner can read it; folders that are missing are made, for the owner alone.
 *
 * @throws ConfigError where the file is not one to write to, see {@link readUserConfig}, or cannot be written
 */
export async function writeUserConfig(path: string, changes: ConfigChanges): Promise<void> {
  const values = { ...(await readUserConfig(path)), ...changes };
  try {
    await makeFolder(dirname(path));
    await replaceFile(path, `${JSON.stringify(values, undefined, 2)}\n`);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) {
      throw cause;
    }
    throw new ConfigError(`${path}: it cannot be written (${code})`, { cause });
  }
}

async function statInPlace(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      return undefined;
    }
    throw new ConfigError(`${path}: it cannot be looked at (${cause.code})`, { cause });
  });
}

/**
 * Makes a folder, and those above it that are missing. By hand, because Node's own recursion goes round and round below
 * a link to nowhere, which exists and cannot be made a folder in, and below /proc.
 */
async function makeFolder(path: string): Promise<void> {
  const make = async () => {
    await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      // What stands there may be no folder: opening a file in it tells.
      if (error.code !== 'EEXIST') {
        throw error;
      }
    });
  };
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) {
      throw error;
    }
    await makeFolder(dirname(path));
    await make();
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    try {
      await assertSameOwner(path, file);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Under sudo, the owner of the config would be left with a file that is root's, and that he cannot read. */
async function assertSameOwner(path: string, ours: FileHandle): Promise<void> {
  const theirs = await statInPlace(path);
  if (theirs !== undefined && theirs.uid !== (await ours.stat()).uid) {
    throw new ConfigError(`${path}: it belongs to another user and is not replaced`, {
      hint: 'Run `dreamina login` as the owner of that file.',
    });
  }
}
