import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { absolutePath } from '../absolute-path.ts';
import type { Host } from '../host.ts';
import { beginsWithEdit } from './edits.ts';
import type { FolderReader } from './folder-reader.ts';
import { encodePath } from './path-bytes.ts';

/** Where relative paths begin. */
type Base = Pick<Host, 'cwd'>;

/** Describes a path that does not exist, with a suggestion if one is clear; continues "<path>: …". */
export async function describeAbsentPath(
  path: string,
  host: Base & Pick<Host, 'homeDir'>,
  reader: FolderReader,
): Promise<string> {
  return (await describeUrl(path, host)) ?? `there is no such file${await suggest(path, host, reader)}`;
}

async function suggest(
  path: string,
  host: Base & Pick<Host, 'homeDir'>,
  reader: FolderReader,
): Promise<string> {
  const expanded = expandHome(path, host);
  if (expanded !== undefined && (await exists(expanded, host))) {
    return `, because the shell did not expand ~; did you mean ${expanded}?`;
  }
  const several = await splitNames(path, host);
  if (several !== undefined) {
    return `; did you mean the files ${several.join(' and ')}? Pass each as a separate argument`;
  }
  const nearest = await findNearest(path, host, reader);
  return nearest === undefined ? describeEdits(path, host) : `; did you mean ${nearest}?`;
}

/** Describes what follows an existing file's name and a `#`; empty if there is no such name in front. */
async function describeEdits(path: string, host: Base): Promise<string> {
  const [, name = '', edits = ''] = /^(.+)#(.*)$/s.exec(path) ?? [];
  if (!(await exists(name, host))) {
    return '';
  }
  // Only an entry of a list gets here with an edit that is known.
  return beginsWithEdit(edits)
    ? '; the paths of a list take no trim, frame or aspect'
    : `; only trim=, frame= and aspect= may follow ${name}#`;
}

/** Describes a URL given in place of a path; undefined for anything else. */
export async function describeUrl(path: string, host: Base): Promise<string | undefined> {
  if (/^(?:https?|ftp|s3|gs|data|blob):/i.test(path)) {
    return 'it is a URL, and only files are uploaded; download it first';
  }
  if (/^file:/i.test(path)) {
    const meant = pathOfFileUrl(path);
    return meant !== undefined && (await exists(meant, host))
      ? `it is a file: URL; did you mean ${meant}?`
      : 'it is a file: URL; give the path of a file';
  }
  return undefined;
}

/** Expands a path below `~`, which the shell does not expand in quotes; undefined for any other, and without a home. */
export function expandHome(path: string, { homeDir }: Pick<Host, 'homeDir'>): string | undefined {
  return /^~(?:\/|$)/.test(path) && isAbsolute(homeDir) ? `${homeDir}${path.slice(1)}` : undefined;
}

function pathOfFileUrl(url: string): string | undefined {
  try {
    // `file:a.png` is not an absolute URL, but its meaning is clear.
    return /^file:\//i.test(url) ? fileURLToPath(url) : decodeURIComponent(url.slice('file:'.length));
  } catch {
    return undefined;
  }
}

/** The most names in one argument that is taken for a list. */
const maxNames = 10;

async function splitNames(path: string, host: Base): Promise<readonly string[] | undefined> {
  for (const separator of [',', ';', /\s+/]) {
    const names = path
      .split(separator)
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (names.length > 1 && names.length <= maxNames) {
      const found = await Promise.all(names.map((name) => exists(name, host)));
      if (found.every((it) => it)) {
        return names;
      }
    }
  }
  return undefined;
}

/** An existing path that differs only in case, in Unicode form, or in stray spaces, quotes and backslashes. */
async function findNearest(path: string, host: Base, reader: FolderReader): Promise<string | undefined> {
  const bare = path.trim().replace(/^(["'])(.*)\1$/s, '$2');
  for (const candidate of new Set([path, bare, bare.replaceAll('\\', '/')])) {
    const nearest = await findIgnoringCase(candidate, host, reader);
    if (nearest !== undefined) {
      return nearest;
    }
  }
  return undefined;
}

async function findIgnoringCase(path: string, host: Base, reader: FolderReader): Promise<string | undefined> {
  if (path.trim() === '' || path.length > maxPathLength) {
    return undefined;
  }
  let found = '';
  for (const [i, name] of path.split('/').entries()) {
    const folder = found;
    found += i === 0 ? name : `/${name}`;
    if (name === '' || (await exists(found, host))) {
      continue;
    }
    const wanted = fold(name);
    const entries = await reader
      .list(absolutePath(folder === '' && i > 0 ? '/' : folder || '.', host))
      .catch(() => []);
    const similar = entries.filter((entry) => fold(entry.name) === wanted);
    if (similar.length !== 1) {
      return undefined;
    }
    found = i === 0 ? similar[0]!.name : `${folder}/${similar[0]!.name}`;
  }
  return (await exists(found, host)) ? found : undefined;
}

/** More than a path may have on Linux. */
const maxPathLength = 4096;

function fold(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

async function exists(path: string, host: Base): Promise<boolean> {
  return (
    path !== '' &&
    (await stat(encodePath(absolutePath(path, host))).then(
      () => true,
      () => false,
    ))
  );
}
