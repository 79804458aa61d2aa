import * as v from 'valibot';
import { isAccount } from './account.ts';
import { normalizeApiUrl } from './api-url.ts';
import { defaults } from './defaults.ts';
import { isToken } from './token.ts';

/** One setting: where it can be said, what it is when nobody says it, and what it may be. */
export interface Definition<Value> {
  /** Environment variables, the first that is set wins. */
  readonly environment: readonly string[];
  readonly flag?: `--${string}`;
  readonly default?: Value;
  /** Checks and completes what a file says. */
  readonly schema: v.GenericSchema<unknown, Value>;
  /** Checks and completes what a flag or an environment variable says, which is always text. */
  readonly textSchema: v.GenericSchema<unknown, Value>;
  /** Continues "must be …". */
  readonly allowed: string;
}

const WHOLE = /^\d+$/;
const DECIMAL = /^\d+(\.\d+)?$/;

const token = v.pipe(v.string(), v.check(isToken));

const account = v.pipe(v.string(), v.check(isAccount));

const apiUrl = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const url = normalizeApiUrl(dataset.value);
    if (url !== undefined) return url;
    addIssue();
    return NEVER;
  }),
);

const concurrency = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64));

const retries = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20));

const timeout = v.pipe(v.number(), v.gtValue(0), v.maxValue(86_400));

/** Every setting there is. */
export const definitions = {
  token: {
    environment: ['DREAMINA_TOKEN', 'USEAPI_TOKEN'],
    schema: token,
    textSchema: token,
    allowed: 'text of printable ASCII characters without spaces or line breaks',
  },
  account: {
    environment: ['DREAMINA_ACCOUNT'],
    flag: '--account',
    schema: account,
    textSchema: account,
    allowed: 'REGION:email, such as US:name@example.com',
  },
  apiUrl: {
    environment: ['DREAMINA_API_URL'],
    default: defaults.apiUrl,
    schema: apiUrl,
    textSchema: apiUrl,
    allowed:
      'an absolute https URL without user name, password, query or fragment (http only for this machine itself)',
  },
  concurrency: {
    environment: ['DREAMINA_CONCURRENCY'],
    flag: '--concurrency',
    default: defaults.concurrency,
    schema: concurrency,
    textSchema: v.pipe(v.string(), v.regex(WHOLE), v.transform(Number), concurrency),
    allowed: 'a whole number from 1 to 64',
  },
  retries: {
    environment: ['DREAMINA_RETRIES'],
    flag: '--retries',
    default: defaults.retries,
    schema: retries,
    textSchema: v.pipe(v.string(), v.regex(WHOLE), v.transform(Number), retries),
    allowed: 'a whole number from 0 to 20',
  },
  /** Seconds. */
  timeout: {
    environment: ['DREAMINA_TIMEOUT'],
    flag: '--timeout',
    default: defaults.timeout,
    schema: timeout,
    textSchema: v.pipe(v.string(), v.regex(DECIMAL), v.transform(Number), timeout),
    allowed: 'a number of seconds, more than 0 and at most 86400',
  },
} as const satisfies Record<string, Definition<string> | Definition<number>>;

/** The name of a setting, as config files spell it. */
export type Key = keyof typeof definitions;

/** Every key, in the order in which they are shown. */
export const keys = Object.keys(definitions) as readonly Key[];

/** A key that a flag can set. */
export type FlagKey = {
  [K in Key]: (typeof definitions)[K] extends { readonly flag: string } ? K : never;
}[Key];
