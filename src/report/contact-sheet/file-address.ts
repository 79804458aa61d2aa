import { realpath } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FoundFile } from '../../files/found-file.ts';
import { decodePath, encodePath } from '../../files/path-bytes.ts';

/**
 * The relative address of a file for a page in that folder: `./shots/a%20b.png`. No name in it can be taken for a
 * scheme, a query or a fragment. Absolute only for a file on another drive of Windows.
 *
 * @param folder absolute
 * @param file absolute; both as `decodePath` gives them, and without `..`
 */
export function formatAddress(folder: string, file: string, platform: NodeJS.Platform): string {
  const path = platform === 'win32' ? win32 : posix;
  const relative = path.relative(folder, file);
  return path.isAbsolute(relative)
    ? pathToFileURL(relative, { windows: true }).href
    : `./${relative.split(path.sep).map(encodeSegment).join('/')}`;
}

/** Percent-encodes every byte that is not plain in all parts of a URL. */
function encodeSegment(name: string): string {
  const encoded = encodePath(name);
  const bytes = typeof encoded === 'string' ? Buffer.from(encoded) : encoded;
  return bytes
    .toString('latin1')
    .replace(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/**
 * The address of each file, by its source; standard input has none.
 *
 * Uses paths as named, so that a link in the sheet's folder gets an address in it. If that leads out of the folder, or
 * through `..`, which browsers resolve without following links, compares the real paths.
 *
 * @param sheetFolder absolute
 */
export async function findAddresses(
  found: readonly FoundFile[],
  sheetFolder: string,
  platform: NodeJS.Platform,
): Promise<ReadonlyMap<FoundFile['source'], string>> {
  const path = platform === 'win32' ? win32 : posix;
  const realSheetFolder = await resolveLinks(sheetFolder);
  const folders = new Map<string, { readonly from: string; readonly folder: string }>();
  const addresses = new Map<FoundFile['source'], string>();
  for (const { source, folderError } of found) {
    if (typeof source !== 'string' || folderError !== undefined) {
      continue;
    }
    const folder = path.dirname(source);
    let place = folders.get(folder);
    if (place === undefined) {
      place = await locate(folder);
      folders.set(folder, place);
    }
    addresses.set(
      source,
      formatAddress(place.from, path.join(place.folder, path.basename(source)), platform),
    );
  }
  return addresses;

  async function locate(folder: string) {
    const named = { from: sheetFolder, folder };
    const isFolded = [sheetFolder, folder].every((it) => !it.split(path.sep).includes('..'));
    if (isFolded && isBelow(named)) {
      return named;
    }
    const real = { from: realSheetFolder, folder: await resolveLinks(folder) };
    return isFolded && !isBelow(real) ? named : real;
  }

  function isBelow({ from, folder }: { readonly from: string; readonly folder: string }): boolean {
    const relative = path.relative(from, folder);
    return !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
  }
}

/** The path without links; unchanged if the system cannot resolve it. */
async function resolveLinks(folder: string): Promise<string> {
  return realpath(encodePath(folder), 'buffer').then(decodePath, () => folder);
}
