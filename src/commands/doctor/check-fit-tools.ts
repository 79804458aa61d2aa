import { loadFitTools } from '../../fit/fit-tools.ts';
import type { Host } from '../../host.ts';
import { type CheckResult, ok, skipped } from './finding.ts';

/** What `--fit` would use; uploads need none of it. */
export async function* checkFitTools({
  env,
  platform,
  signal,
}: Pick<Host, 'env' | 'platform' | 'signal'>): AsyncGenerator<CheckResult, void> {
  for (const { name, version, install } of await loadFitTools(env, platform, signal)) {
    yield version === undefined
      ? skipped(name, 'not found; only --fit uses it', `To install it: ${install}`)
      : ok(name, `${name} ${version}`);
  }
}
