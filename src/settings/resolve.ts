import { ConfigError, UsageError } from '../errors.ts';
import { type DefaultKey, definitionOf, type Key, keys, type Value } from './definitions.ts';
import { type FileRemark, remarkOn } from './file-remark.ts';
import { quoteValue } from './quote-value.ts';
import { formatSource, type GatheredSettings, type Layer, type Setting, type Source } from './source.ts';
import { findUnknownKeys } from './unknown-keys.ts';

/** Why a setting has no usable value: a UsageError for a flag, a ConfigError for every other source. */
export interface Problem {
  readonly problem: ConfigError | UsageError;
}

/** Every setting or its problem; undefined if nothing sets it and it has no default. */
export type Settings = {
  readonly [K in Key]: Setting<Value<K>> | Problem | (K extends DefaultKey ? never : undefined);
};

/** The outcome of {@link resolveSettings}. */
export interface ResolvedSettings {
  readonly settings: Settings;
  /** A sentence for each config file of another user that was not read; shown at any verbosity. */
  readonly alerts: readonly string[];
  /** A sentence for each unknown key, for each config that is not read, and for each file that exposes a token. */
  readonly warnings: readonly string[];
  /** Of files, then of settings in display order. */
  readonly problems: readonly (ConfigError | UsageError)[];
}

/**
 * Takes each key from the highest layer that has it and checks that value; values that a higher layer hides are not
 * checked.
 *
 * @param options.ignore keys that only a flag can set
 */
export function resolveSettings(
  { layers, files }: GatheredSettings,
  { ignore = [] }: { readonly ignore?: readonly Key[] } = {},
): ResolvedSettings {
  const flags = layers.filter(({ source }) => source.kind === 'flag');
  const settings = Object.fromEntries(
    keys.map((key) => [key, resolveSetting(key, ignore.includes(key) ? flags : layers)]),
  ) as unknown as Settings;
  // A file that was read has a remark only if it exposes a token.
  const remarks = files
    .filter(({ status }) => status !== 'found' || !ignore.includes('token'))
    .flatMap((file) => remarkOn(file) ?? []);
  const sentencesOf = (wanted: FileRemark['severity']) =>
    remarks.flatMap(({ severity, message, advice }) =>
      severity === wanted ? (advice === undefined ? message : `${message}; ${advice}`) : [],
    );
  return {
    settings,
    alerts: sentencesOf('alert'),
    warnings: [...layers.flatMap(findUnknownKeys), ...sentencesOf('warning')],
    problems: [
      ...files.flatMap((file) => (file.status === 'wrong' ? file.problem : [])),
      ...keys.flatMap((key) => (isProblem(settings[key]) ? settings[key].problem : [])),
    ],
  };
}

/** Every setting of a run, without problems; only the token and the account can be undefined. */
export type RequiredSettings = { readonly [K in Key]: Exclude<Settings[K], Problem> };

/** The settings of a run that needs all of them to be valid; throws the first problem. */
export function requireSettings({ settings, problems }: ResolvedSettings): RequiredSettings {
  const [problem] = problems;
  if (problem !== undefined) {
    throw problem;
  }
  return settings as RequiredSettings;
}

/** Whether a resolved value is a problem. */
export function isProblem(resolved: object | undefined): resolved is Problem {
  return resolved !== undefined && 'problem' in resolved;
}

function resolveSetting<K extends Key>(
  key: K,
  layers: readonly Layer[],
): Setting<Value<K>> | Problem | undefined {
  const definition = definitionOf(key);
  for (const { source, values } of layers) {
    const given = Object.hasOwn(values, key) ? values[key] : undefined;
    if (given === undefined || given === null) {
      continue;
    }
    const value = definition.parse(given, source.kind === 'flag' || source.kind === 'environment');
    return value === undefined ? { problem: wrongValue(key, given, source) } : { value, source };
  }
  return definition.default === undefined
    ? undefined
    : { value: definition.default, source: { kind: 'default' } };
}

function wrongValue(key: Key, given: unknown, source: Source): ConfigError | UsageError {
  const { allowed, findFault } = definitionOf(key);
  const subject = source.kind === 'flag' ? source.name : `${formatSource(source)}: ${key}`;
  const rule = `${subject} must be ${allowed}`;
  const fault = typeof given === 'string' ? findFault?.(given) : undefined;
  if (key === 'token') {
    return new ConfigError(`${rule}; ${fault ?? 'it is not text'}`);
  }
  const message = `${rule}; it is ${quoteValue(given)}${fault === undefined ? '' : `: ${fault}`}`;
  return source.kind === 'flag' ? new UsageError(message) : new ConfigError(message);
}
