import { isUint8Array } from 'node:util/types';
import * as v from 'valibot';
import { ConfigError } from './errors.ts';
import { quoteValue } from './settings/quote-value.ts';

// Callers in JavaScript have no types. The message of each schema is what the value must be.
const text = v.string('text');
const choice = v.boolean('true or false');
const callback = v.function('a function');
const address = v.union([v.string(), v.instance(URL)], 'text or a URL');
const bytes = v.custom(isUint8Array, 'a Uint8Array, such as a Buffer');
// By its methods, because test environments bring an AbortSignal of their own.
const signal = v.custom(
  (value) => typeof (value as AbortSignal | null)?.addEventListener === 'function',
  'an AbortSignal',
);

/** The options that are no settings: those are checked when they are resolved. */
const optionsSchema = v.object(
  {
    proxyUrl: v.optional(address),
    ca: v.optional(text),
    failFast: v.optional(choice),
    noLimits: v.optional(choice),
    fit: v.optional(choice),
    aspect: v.optional(text),
    frame: v.optional(text),
    trim: v.optional(text),
    fitDir: v.optional(text),
    env: v.optional(v.object({}, 'an object')),
    manifest: v.optional(text),
    signal: v.optional(signal),
    onRecord: v.optional(callback),
    onEvent: v.optional(callback),
  },
  'an object',
);

const pathsSchema = v.array(text, 'a list of file names');
const assetSchema = v.object({ bytes, contentType: text, account: text }, 'an object');

/** @throws ConfigError if an option is of the wrong kind */
export function checkOptions(options: unknown): void {
  check('options', options, optionsSchema);
}

/** @throws ConfigError if it is not a list of texts */
export function checkPaths(paths: unknown): void {
  check('paths', paths, pathsSchema);
}

/** @throws ConfigError if an argument of `DreaminaClient.upload` is of the wrong kind */
export function checkUpload(asset: unknown, givenSignal: unknown, onSent: unknown): void {
  check('asset', asset, assetSchema);
  check('signal', givenSignal, v.optional(signal));
  check('onSent', onSent, v.optional(callback));
}

function check(name: string, value: unknown, schema: v.GenericSchema): void {
  const [issue] = v.safeParse(schema, value).issues ?? [];
  if (issue === undefined) {
    return;
  }
  const [part] = issue.path ?? [];
  const suffix = part === undefined ? '' : part.type === 'array' ? `[${part.key}]` : `: ${String(part.key)}`;
  throw new ConfigError(`${name}${suffix} must be ${issue.message}; it is ${quoteValue(issue.input)}`);
}
