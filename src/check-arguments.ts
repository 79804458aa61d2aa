import { isUint8Array } from 'node:util/types';
import type { AssetUpload } from './client/client.ts';
import { ConfigError } from './errors.ts';
import { quoteValue } from './settings/quote-value.ts';

/** What a value must be, in words, and whether it is that. Callers in JavaScript have no types. */
type Kind = readonly [what: string, isOfKind: (value: unknown) => boolean];

const object: Kind = ['an object', (value) => typeof value === 'object' && value !== null];
const list: Kind = ['a list of file names', Array.isArray];
const text: Kind = ['text', (value) => typeof value === 'string'];
const choice: Kind = ['true or false', (value) => typeof value === 'boolean'];
const callback: Kind = ['a function', (value) => typeof value === 'function'];
const address: Kind = ['text or a URL', (value) => typeof value === 'string' || value instanceof URL];
const bytes: Kind = ['a Uint8Array, such as a Buffer', isUint8Array];
// By its methods, because test environments bring an AbortSignal of their own.
const signal: Kind = [
  'an AbortSignal',
  (value) => typeof (value as AbortSignal | null)?.addEventListener === 'function',
];

/** The options that are no settings: those are checked when they are resolved. */
const optionKinds: Readonly<Record<string, Kind>> = {
  proxyUrl: address,
  ca: text,
  failFast: choice,
  noLimits: choice,
  fit: choice,
  aspect: text,
  frame: text,
  trim: text,
  fitDir: text,
  env: object,
  manifest: text,
  signal,
  onRecord: callback,
  onEvent: callback,
};

/** @throws ConfigError if an option is of the wrong kind, or it is no object */
export function checkOptions(options: object): void {
  check('the options', options, object);
  for (const [name, kind] of Object.entries(optionKinds)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined) {
      check(`options: ${name}`, value, kind);
    }
  }
}

/** @throws ConfigError if it is not a list of texts */
export function checkPaths(paths: readonly string[]): void {
  check('paths', paths, list);
  for (const [index, path] of paths.entries()) {
    check(`paths[${index}]`, path, text);
  }
}

/** @throws ConfigError if an argument of `DreaminaClient.upload` is of the wrong kind */
export function checkUpload(asset: AssetUpload, givenSignal: unknown, onSent: unknown): void {
  check('the asset', asset, object);
  check('asset: bytes', asset.bytes, bytes);
  check('asset: contentType', asset.contentType, text);
  check('asset: account', asset.account, text);
  if (givenSignal !== undefined) {
    check('signal', givenSignal, signal);
  }
  if (onSent !== undefined) {
    check('onSent', onSent, callback);
  }
}

function check(name: string, value: unknown, [what, isOfKind]: Kind): void {
  if (!isOfKind(value)) {
    throw new ConfigError(`${name} must be ${what}; it is ${quoteValue(value)}`);
  }
}
