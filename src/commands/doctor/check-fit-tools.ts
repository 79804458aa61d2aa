import { findModuleVersion, installModules } from '../../fit/images/optional-modules.ts';
import { findFfmpeg, resolveFfmpegInstall } from '../../fit/programs/find-ffmpeg.ts';
import type { Host } from '../../host.ts';
import { type CheckResult, ok, skipped, warning } from './finding.ts';

/** What `--fit` would use; uploads need none of it. */
export async function* checkFitTools({
  env,
  platform,
  signal,
}: Pick<Host, 'env' | 'platform' | 'signal'>): AsyncGenerator<CheckResult, void> {
  for (const name of ['sharp', 'heic-decode'] as const) {
    const version = findModuleVersion(name);
    yield checkTool(name, version === undefined ? undefined : { version }, installModules);
  }
  const programs = await findFfmpeg(env, platform, signal);
  for (const name of ['ffmpeg', 'ffprobe'] as const) {
    yield checkTool(name, programs[name], resolveFfmpegInstall(platform));
  }
}

/** @param found its version is undefined if it does not start */
function checkTool(
  name: string,
  found: { readonly version: string | undefined } | undefined,
  install: string,
): CheckResult {
  if (found === undefined) {
    return skipped(name, 'not found; only --fit uses it', `To install it: ${install}`);
  }
  return found.version === undefined
    ? warning(name, `${name} does not start; only --fit uses it`, `To install it again: ${install}`)
    : ok(name, `${name} ${found.version}`);
}
