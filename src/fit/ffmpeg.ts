import { FileError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { findProgram } from './find-program.ts';
import { ProgramError, runProgram } from './run-program.ts';
import { diskFull } from './workspace.ts';

/** ffmpeg or ffprobe, found on PATH. */
interface Program {
  readonly path: string;
  /** As it prints it, such as "5.1.9-0+deb12u1"; undefined if it does not start. */
  readonly version: string | undefined;
}

/** The programs that probe and encode. */
export interface Ffmpeg {
  readonly ffmpeg: Program | undefined;
  readonly ffprobe: Program | undefined;
}

/** The environment of a program that reads a stranger's file: only the variables that it needs, and no token. */
export function resolveProgramEnv(env: Environment): Environment {
  const kept = [
    'PATH',
    'Path',
    'HOME',
    'LD_LIBRARY_PATH',
    'DYLD_LIBRARY_PATH',
    'DYLD_FALLBACK_LIBRARY_PATH',
    'SYSTEMROOT',
    'SystemRoot',
    'WINDIR',
    'TMPDIR',
    'TEMP',
    'TMP',
  ];
  const entries = kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return { ...Object.fromEntries(entries), LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' };
}

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

/** Major and minor number; undefined for builds between releases, which are as new as any. */
function parseRelease(version: string): readonly [major: number, minor: number] | undefined {
  const [, major, minor] = /^n?(\d{1,2})\.(\d+)/.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

/** The option that keeps frames at their own times: 5.1 gave it a name, and a later release dropped the old one. */
export function resolvePassthrough(version: string | undefined): readonly string[] {
  const [major, minor] = parseRelease(version ?? '') ?? [99, 0];
  return [major < 5 || (major === 5 && minor < 1) ? '-vsync' : '-fps_mode', 'passthrough'];
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

/** Messages of ffmpeg, and their meaning for people. The first that matches counts. */
const reasons: readonly (readonly [pattern: RegExp, message: string, hint?: string])[] = [
  [/No space left on device/, diskFull.message, diskFull.hint],
  [
    /Unrecognized option '([^']*)'|Option (\S+) not found/,
    'the installed ffmpeg is too old: it does not know an option',
    'Install ffmpeg 5 or newer.',
  ],
  [
    /No such filter: '(zscale|tonemap)'/,
    'it is HDR or wide-gamut; converting it to BT.709 needs zscale, which the installed ffmpeg lacks',
    'Install a build of ffmpeg with zimg.',
  ],
  [
    /Unknown encoder '(\w+)'/,
    'the installed ffmpeg is built without the encoder that it needs (libx264 for videos)',
    'Install a full build of ffmpeg.',
  ],
  [
    /Decoder .*not found|Unknown decoder|Unknown input format/,
    'the installed ffmpeg cannot decode it',
    'Install a full and newer build of ffmpeg.',
  ],
  [
    /moov atom not found|Invalid data found|EBML header parsing failed/,
    'it cannot be decoded: it is cut short or damaged',
    'Copy or export it again.',
  ],
];

/** The failure of a file whose program failed. */
export function createProgramError(error: ProgramError, name: 'ffmpeg' | 'ffprobe'): FileError {
  const known = reasons.find(([pattern]) => pattern.test(error.stderrTail));
  if (known !== undefined) {
    const [, message, hint] = known;
    return new FileError('cannot_fit', message, { hint, cause: error });
  }
  // The last line may quote the file.
  const lastLine = error.stderrTail.trim().split('\n').at(-1)?.slice(-200) ?? '';
  return new FileError('cannot_fit', `${name} ${failureWords[error.kind]}${lastLine && `: ${lastLine}`}`, {
    cause: error,
  });
}

const failureWords: Readonly<Record<ProgramError['kind'], string>> = {
  'not-started': 'does not start',
  failed: 'failed',
  killed: 'crashed or was killed',
  timeout: 'took too long and was stopped',
  stalled: 'made no progress and was stopped',
  'too-much-output': 'printed too much and was stopped',
};
