import { lstat, open, rm } from 'node:fs/promises';
import { describeErrno } from '../../errno.ts';
import { replaceFile, temporaryPath } from '../../replace-file.ts';

/** Marks every sheet: a file without it is never overwritten. */
export const sheetMarker = '<meta name="generator" content="dreamina-upload contact sheet">';

/** How far into a file the marker is looked for, in bytes. */
const maxMarkerEnd = 1024;

/**
 * Checks that a sheet can be written there: the folder takes new files, and nothing would be lost.
 *
 * @param path absolute
 * @returns why not, in words that follow the path and a colon; undefined if it can
 */
export async function findSheetProblem(path: string): Promise<string | undefined> {
  const problem = await findReplacementProblem(path);
  if (problem !== undefined) {
    return problem;
  }
  const temporary = temporaryPath(path);
  try {
    // Permissions do not show read-only disks, or folders that accept no files, such as /proc.
    await (await open(temporary, 'wx')).close();
    await rm(temporary);
    return undefined;
  } catch (error) {
    return `no file can be created in its folder: ${describeErrno(error)}`;
  }
}

/** Writes the sheet atomically; returns why that is not possible, as {@link findSheetProblem} says it. */
export async function writeSheet(path: string, html: string): Promise<string | undefined> {
  // Check again: a run may take long, and something else may be there by now.
  const problem = await findReplacementProblem(path);
  if (problem !== undefined) {
    return problem;
  }
  try {
    await replaceFile(path, html, await findMode(path));
    return undefined;
  } catch (error) {
    return `it cannot be written: ${describeErrno(error)}`;
  }
}

async function findReplacementProblem(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) {
      return 'it is a symbolic link and is not overwritten';
    }
    if (!stats.isFile()) {
      return `it is ${stats.isDirectory() ? 'a directory' : 'not a regular file'}`;
    }
    return stats.size === 0 || (await isSheet(path))
      ? undefined
      : 'it exists and is not a contact sheet, so it is not overwritten';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    return describeErrno(error);
  }
}

async function isSheet(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxMarkerEnd), 0, maxMarkerEnd, 0);
    return buffer.toString('latin1', 0, bytesRead).includes(sheetMarker);
  } finally {
    await file.close();
  }
}

/** The permissions of the sheet that is replaced; of a new one, what the umask leaves. */
async function findMode(path: string): Promise<number> {
  return lstat(path).then(
    ({ mode }) => mode & 0o666,
    () => 0o666,
  );
}
