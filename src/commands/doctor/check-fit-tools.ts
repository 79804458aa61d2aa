import { loadFitTools } from '../../fit/fit-tools.ts';
import type { Host } from '../../host.ts';
import { type CheckResult, ok, skipped, warning } from './finding.ts';

/** What `--fit` would use; uploads need none of it. */
export async function* checkFitTools({
  env,
  platform,
  signal,
}: Pick<Host, 'env' | 'platform' | 'signal'>): AsyncGenerator<CheckResult, void> {
  for (const { name, version, isFound, install } of await loadFitTools(env, platform, signal)) {
    if (!isFound) {
      yield skipped(name, 'not found; only --fit uses it', `To install it: ${install}`);
    } else if (version === undefined) {
      yield warning(name, `${name} does not start; only --fit uses it`, `To install it again: ${install}`);
    } else {
      yield ok(name, `${name} ${version}`);
    }
  }
}
