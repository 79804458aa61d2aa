import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import { describeErrno } from '../errno.ts';
import { FileError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';

/**
 * Copies a converted file into a folder, under the source's name; adds a number if that exists. Existing files stay.
 *
 * @param sourceName how the source is called; only the last part of it counts
 * @returns the copy's path
 * @throws FileError `cannot_fit` if the folder cannot be written
 */
export async function keepCopy(
  output: string,
  folder: string,
  sourceName: string,
  extension: string,
): Promise<string> {
  const name = shortenName(parse(basename(sourceName)).name || 'file');
  try {
    await makeFolder(folder);
    for (let i = 1; ; i += 1) {
      const path = join(folder, `${name}${i === 1 ? '' : `-${i}`}.${extension}`);
      if (await copyIfFree(output, path)) {
        return path;
      }
    }
  } catch (cause) {
    throw new FileError('cannot_fit', `it cannot be saved in ${folder}: ${describeErrno(cause)}`, {
      hint: 'Name another folder with --fit-dir.',
      cause,
    });
  }
}

/** Room for a number and an extension in the 255 bytes that a name may have. */
const maxNameBytes = 240;

function shortenName(name: string): string {
  let short = name;
  while (Buffer.byteLength(short) > maxNameBytes) {
    short = [...short].slice(0, -1).join('');
  }
  return short;
}

async function copyIfFree(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}
