import type { Key } from './definitions.ts';
import type { Problem, ResolvedSettings, Settings } from './resolve.ts';

/** Every setting of a run, without problems; only the token and the account can be undefined. */
export type RequiredSettings = { readonly [K in Key]: Exclude<Settings[K], Problem> };

/**
 * The settings of a run that needs all of them to be valid.
 *
 * @throws the first problem, a UsageError or ConfigError
 */
export function requireSettings({ settings, problems }: ResolvedSettings): RequiredSettings {
  const [problem] = problems;
  if (problem !== undefined) {
    throw problem;
  }
  return settings as RequiredSettings;
}
