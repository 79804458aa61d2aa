import * as v from 'valibot';
import { ConfigError, UsageError } from '../errors.ts';
import { type Definition, definitions, type Key } from './definitions.ts';
import { quoteValue } from './quote-value.ts';
import { formatSource, type Layer, type Source } from './source.ts';
import { findUnknownKeys } from './unknown-keys.ts';

/** A checked value and where it came from. */
export interface Setting<Value> {
  readonly value: Value;
  readonly source: Source;
}

/** Every setting with its source; only the token and the account have no default. */
export interface ResolvedSettings {
  readonly token: Setting<string> | undefined;
  readonly account: Setting<string> | undefined;
  readonly apiUrl: Setting<string>;
  readonly concurrency: Setting<number>;
  readonly retries: Setting<number>;
  /** Seconds. */
  readonly timeout: Setting<number>;
}

/** What may be asked of {@link resolveSettings}. */
export interface ResolveOptions {
  /** Keys that play no part unless a flag sets them. */
  readonly omit?: readonly Key[];
}

/**
 * Takes each key from the highest layer that has it and checks that value; what a higher layer hides is not checked.
 * Throws a UsageError for a wrong flag, a ConfigError for a wrong value from anywhere else.
 */
export function resolveSettings(
  layers: readonly Layer[],
  { omit = [] }: ResolveOptions = {},
): { readonly settings: ResolvedSettings; readonly warnings: readonly string[] } {
  const find = <Value>(key: Key, definition: Definition<Value>) => {
    const eligible = omit.includes(key) ? layers.filter(({ source }) => source.kind === 'flag') : layers;
    return findSetting(key, definition, eligible);
  };
  return {
    settings: {
      token: find('token', definitions.token),
      account: find('account', definitions.account),
      apiUrl: find('apiUrl', definitions.apiUrl) ?? byDefault(definitions.apiUrl.default),
      concurrency: find('concurrency', definitions.concurrency) ?? byDefault(definitions.concurrency.default),
      retries: find('retries', definitions.retries) ?? byDefault(definitions.retries.default),
      timeout: find('timeout', definitions.timeout) ?? byDefault(definitions.timeout.default),
    },
    warnings: layers.flatMap(findUnknownKeys),
  };
}

function findSetting<Value>(
  key: Key,
  definition: Definition<Value>,
  layers: readonly Layer[],
): Setting<Value> | undefined {
  for (const { source, values } of layers) {
    const given = Object.hasOwn(values, key) ? values[key] : undefined;
    if (given === undefined || given === null) continue;
    const isText = source.kind === 'flag' || source.kind === 'environment';
    const result = v.safeParse(isText ? definition.textSchema : definition.schema, given);
    if (result.success) return { value: result.output, source };
    throw wrongValue(key, definition.allowed, given, source);
  }
  return undefined;
}

function byDefault<Value>(value: Value): Setting<Value> {
  return { value, source: { kind: 'default' } };
}

function wrongValue(key: Key, allowed: string, given: unknown, source: Source): Error {
  const subject = source.kind === 'flag' ? source.name : `${formatSource(source)}: ${key}`;
  const rule = `${subject} must be ${allowed}`;
  if (key === 'token') {
    const hasScheme = typeof given === 'string' && /^\s*bearer\s/i.test(given);
    return new ConfigError(
      rule,
      hasScheme ? { hint: "give the token alone, without 'Bearer ' before it" } : {},
    );
  }
  const message = `${rule}; it is ${quoteValue(given)}`;
  return source.kind === 'flag' ? new UsageError(message) : new ConfigError(message);
}
