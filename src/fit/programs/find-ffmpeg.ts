import type { Environment } from '../../host.ts';
import { findProgram } from './find-program.ts';
import { resolveProgramEnv } from './program-env.ts';
import { ProgramError, runProgram } from './run-program.ts';

/** ffmpeg or ffprobe, found on PATH. */
interface Program {
  readonly path: string;
  /** As it prints it, such as "5.1.9-0+deb12u1"; undefined if it does not start. */
  readonly version: string | undefined;
}

/** The programs that encode and probe. */
export type Ffmpeg = Readonly<Record<'ffmpeg' | 'ffprobe', Program | undefined>>;

const versionTimeoutMs = 10_000;

/** Finds ffmpeg and ffprobe on PATH and asks for their versions. */
export async function findFfmpeg(
  env: Environment,
  platform: NodeJS.Platform,
  signal: AbortSignal,
): Promise<Ffmpeg> {
  const [ffmpeg, ffprobe] = await Promise.all(
    ['ffmpeg', 'ffprobe'].map((name) => findVersion(name, env, platform, signal)),
  );
  return { ffmpeg, ffprobe };
}

async function findVersion(
  name: string,
  env: Environment,
  platform: NodeJS.Platform,
  signal: AbortSignal,
): Promise<Program | undefined> {
  const path = await findProgram(name, env, platform);
  if (path === undefined) {
    return undefined;
  }
  let version: string | undefined = 'of unknown version';
  const onLine = (line: string) => {
    version = /^ff\w+ version (\S{1,60})/.exec(line)?.[1] ?? version;
  };
  await runProgram(
    { path, args: ['-version'], env: resolveProgramEnv(env), timeoutMs: versionTimeoutMs, onLine },
    signal,
  ).catch((error: unknown) => {
    // The file that needs it reports that.
    if (!(error instanceof ProgramError)) {
      throw error;
    }
    version = undefined;
  });
  return { path, version };
}

/** The line that installs ffmpeg and ffprobe on that platform. */
export function resolveFfmpegInstall(platform: NodeJS.Platform): string {
  switch (platform) {
    case 'darwin':
      return 'brew install ffmpeg';
    case 'win32':
      return 'winget install Gyan.FFmpeg';
    default:
      return 'sudo apt-get install ffmpeg';
  }
}
