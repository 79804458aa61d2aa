import { open, realpath } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { isProgram } from '../../fit/programs/find-program.ts';
import type { Host } from '../../host.ts';
import { type CheckResult, ok, skipped, warning } from './finding.ts';

type Surroundings = Pick<Host, 'env' | 'cwd' | 'platform' | 'scriptPath'>;

/** Whether `dreamina` on PATH is this program; ByteDance's own tool has the same name. */
export async function checkPath(host: Surroundings): Promise<CheckResult> {
  if (host.scriptPath === undefined) {
    return skipped('path', 'cannot tell which file started this program');
  }
  const first = await findCommand(host);
  if (first === undefined) {
    return ok('path', 'there is no `dreamina` on PATH');
  }
  const own = await resolveLinks(host.scriptPath);
  return (await resolveLinks(first)) === own || (await isOwnShim(first))
    ? ok('path', first)
    : warning(
        'path',
        `${first} comes first on PATH and is not this program (${own})`,
        'Run `dreamina-upload` instead, or put its folder first on PATH.',
      );
}

/** The file that a shell would start. */
async function findCommand({ env, cwd, platform }: Surroundings): Promise<string | undefined> {
  const path = platform === 'win32' ? win32 : posix;
  const extensions = platform === 'win32' ? (env.PATHEXT || '.COM;.EXE;.BAT;.CMD').split(';') : [''];
  // An empty entry is the working directory.
  const folders = (env.PATH ?? env.Path ?? '')
    .split(path.delimiter)
    .filter((folder) => cwd !== undefined || path.isAbsolute(folder))
    .map((folder) => path.resolve(cwd ?? '', folder));
  for (const folder of folders) {
    for (const extension of extensions) {
      const file = path.join(folder, `dreamina${extension}`);
      if (await isProgram(file)) {
        return file;
      }
    }
  }
  return undefined;
}

async function resolveLinks(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

/** Whether a file is the script that npm on Windows, and pnpm everywhere, put on PATH instead of a link. */
async function isOwnShim(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) {
    return false;
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8192), 0, 8192, 0);
    const text = buffer.toString('latin1', 0, bytesRead).replaceAll('\\', '/');
    return text.includes('/dreamina-upload/bin/dreamina.js');
  } finally {
    await handle.close();
  }
}
