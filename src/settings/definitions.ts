import { findApiUrlFault, normalizeApiUrl } from './api-url.ts';
import { defaults } from './defaults.ts';
import { parseDuration } from './duration.ts';
import { findAccountFault, findTokenFault, isAccount, isToken, maskToken } from './identity.ts';
import { describeWrapping } from './wrapping.ts';

/** One setting: its sources, its default, and the values that it allows. */
interface Definition<Value> {
  /** Environment variables; the first that is set wins. */
  readonly environment: readonly string[];
  readonly flag?: `--${string}`;
  readonly default?: Value;
  /** Completes the sentence "must be …". */
  readonly allowed: string;
  /**
   * Returns the value in its final form, or undefined if it is not allowed.
   *
   * @param isText whether it comes from a flag or a variable, which hold numbers as text
   */
  readonly parse: (given: unknown, isText: boolean) => Value | undefined;
  /** The fault of a text that `parse` refuses, as a clause that does not quote it. */
  readonly findFault?: (text: string) => string | undefined;
  /** Formats the value as people write it, without secrets; the value itself by default. */
  readonly show?: (value: Value) => string | number;
}

/** The table of all settings; everything about a setting is here. */
export const definitions = {
  token: {
    environment: ['DREAMINA_TOKEN', 'USEAPI_TOKEN'],
    allowed: 'text of printable ASCII characters without spaces or line breaks',
    parse: parseWord(isToken),
    findFault: findFaultOfWord(findTokenFault),
    show: maskToken,
  },
  /** `REGION:email`. */
  account: {
    environment: ['DREAMINA_ACCOUNT'],
    flag: '--account',
    allowed: 'REGION:email, such as US:name@example.com',
    parse: parseWord(isAccount),
    findFault: findFaultOfWord(findAccountFault),
  },
  /** Without a trailing slash. */
  apiUrl: {
    environment: ['DREAMINA_API_URL'],
    default: defaults.apiUrl as string,
    allowed:
      'an absolute https URL without user name, password, query or fragment (http only for this machine itself)',
    parse: parseText(normalizeApiUrl),
    findFault: findApiUrlFault,
  },
  /** Uploads in flight. */
  concurrency: {
    environment: ['DREAMINA_CONCURRENCY'],
    flag: '--concurrency',
    default: defaults.concurrency as number,
    ...wholeNumber(1, 64),
  },
  /** Attempts after the first. */
  retries: {
    environment: ['DREAMINA_RETRIES'],
    flag: '--retries',
    default: defaults.retries as number,
    ...wholeNumber(0, 20),
  },
  /** How long an attempt may go without progress: written as a duration, parsed to whole milliseconds. */
  timeout: {
    environment: ['DREAMINA_TIMEOUT'],
    flag: '--timeout',
    default: defaults.timeout * 1000,
    allowed: 'a duration such as 90 (seconds), 90s or 2m, more than 0 and at most 24h',
    parse: parseTimeout,
    findFault: describeWrapping,
    show: (timeoutMs: number) => timeoutMs / 1000,
  },
} as const satisfies Record<string, Definition<string> | Definition<number>>;

/** The name of a setting, as config files spell it. */
export type Key = keyof typeof definitions;

/** Every key, in display order. */
export const keys = Object.keys(definitions) as readonly Key[];

/** The type of a key's value. */
export type Value<K extends Key> = NonNullable<ReturnType<(typeof definitions)[K]['parse']>>;

/** A key that a flag can set. */
export type FlagKey = {
  [K in Key]: (typeof definitions)[K] extends { readonly flag: string } ? K : never;
}[Key];

/** A key that always has a value. */
export type DefaultKey = {
  [K in Key]: (typeof definitions)[K] extends { readonly default: unknown } ? K : never;
}[Key];

/** The definition of a key, with the type of its value. */
export function definitionOf<K extends Key>(key: K): Definition<Value<K>> {
  return definitions[key] as unknown as Definition<Value<K>>;
}

function parseText(parse: (text: string) => string | undefined): (given: unknown) => string | undefined {
  return (given) => (typeof given === 'string' ? parse(given) : undefined);
}

/** Trims the spaces, line ends and byte order mark that files and pasting leave around a word. */
function parseWord(isOne: (text: string) => boolean): (given: unknown) => string | undefined {
  return parseText((text) => (isOne(text.trim()) ? text.trim() : undefined));
}

function findFaultOfWord(findFault: (text: string) => string | undefined) {
  return (text: string) => findFault(text.trim());
}

function wholeNumber(min: number, max: number) {
  const parse = (given: unknown, isText: boolean): number | undefined => {
    const value = isText ? parseNumber(given, /^\d+$/) : given;
    return Number.isInteger(value) && isBetween(value, min, max) ? value : undefined;
  };
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse,
    // Text that is a number comes from a file.
    findFault: (text: string) =>
      parse(text, true) === undefined ? describeWrapping(text) : 'there are quotes around it',
  };
}

/** A number, or text without a unit, is in seconds. Config files may hold either. */
function parseTimeout(given: unknown): number | undefined {
  const seconds = typeof given === 'string' ? parseNumber(given, /^\d+(\.\d+)?$/) : given;
  const timeoutMs =
    typeof seconds === 'number'
      ? seconds * 1000
      : typeof given === 'string'
        ? parseDuration(given)
        : undefined;
  return isBetween(timeoutMs, 0, 86_400_000) && timeoutMs > 0
    ? Math.max(1, Math.round(timeoutMs))
    : undefined;
}

function parseNumber(given: unknown, form: RegExp): number | undefined {
  return typeof given === 'string' && form.test(given) ? Number(given) : undefined;
}

function isBetween(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && value >= min && value <= max;
}
