import type { Environment } from '../host.ts';
import { findFfmpeg, resolveFfmpegInstall } from './ffmpeg.ts';
import { findModuleVersion, installModules } from './optional-modules.ts';

/** Something that `--fit` uses. */
export interface FitTool {
  readonly name: 'sharp' | 'heic-decode' | 'ffmpeg' | 'ffprobe';
  /** undefined if it is missing or does not start. */
  readonly version: string | undefined;
  readonly isFound: boolean;
  /** The line that installs it. */
  readonly install: string;
}

/** Looks for everything that `--fit` uses. */
export async function loadFitTools(
  env: Environment,
  platform: NodeJS.Platform,
  signal: AbortSignal,
): Promise<readonly FitTool[]> {
  const programs = await findFfmpeg(env, platform, signal);
  return [
    ...(['sharp', 'heic-decode'] as const).map((name) => {
      const version = findModuleVersion(name);
      return { name, version, isFound: version !== undefined, install: installModules };
    }),
    ...(['ffmpeg', 'ffprobe'] as const).map((name) => ({
      name,
      version: programs[name]?.version,
      isFound: programs[name] !== undefined,
      install: resolveFfmpegInstall(platform),
    })),
  ];
}
