import { basename, extname } from 'node:path';
import { ConfigError } from '../errors.ts';
import { describeRepeatedKey, findJsonFault } from './json-fault.ts';

/** The keys and values of a config file, unchecked. */
export type ConfigValues = Readonly<Record<string, unknown>>;

/** A config file that was read. */
export interface FoundConfig {
  readonly path: string;
  readonly values: ConfigValues;
}

/** Parses the text of a config file, in the format of its extension; undefined if the file sets nothing. */
export async function parseConfig(text: string, path: string): Promise<ConfigValues | undefined> {
  const format = configFormat(path);
  const content = withoutByteOrderMark(text);
  if (content.startsWith(utf16Mark)) {
    throw new ConfigError(`${path}: it is in UTF-16, as Windows PowerShell writes it; save it as UTF-8`);
  }
  if (content.trim() === '') {
    return undefined;
  }
  switch (format) {
    case 'package':
      return packageProperty(parseJson(content, path), path);
    case 'json':
      return checkConfig(parseJson(content, path), path);
    case 'yaml': {
      const value = await parseYaml(content, path);
      // js-yaml returns null for a file of comments.
      return value === null ? undefined : checkConfig(value, path);
    }
  }
}

/** The byte order mark of UTF-16, read as UTF-8. */
const utf16Mark = '\ufffd\ufffd';

/** Whether {@link parseConfig} would accept a text as JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(withoutByteOrderMark(text));
    return true;
  } catch {
    return false;
  }
}

/** Whether a file is a package.json, which holds the config in its `dreamina` property. */
export function isPackageJson(path: string): boolean {
  return basename(path) === 'package.json';
}

/** By extension. A file without one is YAML, which includes JSON. */
const formats: Readonly<Record<string, 'json' | 'yaml'>> = {
  '.json': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '': 'yaml',
};

function configFormat(path: string): 'json' | 'yaml' | 'package' {
  const format = isPackageJson(path) ? 'package' : formats[extname(path).toLowerCase()];
  if (format === undefined) {
    throw new ConfigError(`${path}: a config file is JSON or YAML only (.json, .yaml, .yml or no extension)`);
  }
  return format;
}

// Drop the parsers' own errors, also as causes: both quote the wrong line, which may hold the token.
function parseJson(text: string, path: string): unknown {
  let value: unknown;
  let isValid = true;
  try {
    value = JSON.parse(text);
  } catch {
    isValid = false;
  }
  const fault = findJsonFault(text, isPackageJson(path) ? 'dreamina' : undefined);
  if (!isValid) {
    throw new ConfigError(
      `${path}${fault === undefined ? '' : formatPosition(text, fault.offset)}: not valid JSON${inBrackets(fault?.reason)}`,
    );
  }
  if (fault !== undefined) {
    throw new ConfigError(`${path}${formatPosition(text, fault.offset)}: ${fault.reason}`);
  }
  return value;
}

async function parseYaml(text: string, path: string): Promise<unknown> {
  const { load, JSON_SCHEMA, YAMLException } = await import('js-yaml');
  try {
    return load(text, { schema: JSON_SCHEMA });
  } catch (error) {
    if (isMeantAsJson(text, path)) {
      return parseJson(text, path);
    }
    if (!(error instanceof YAMLException)) {
      throw new ConfigError(`${path}: not valid YAML`);
    }
    // Some errors have no mark, although the type says so.
    const mark = error.mark as typeof error.mark | undefined;
    const position = mark === undefined ? '' : `:${mark.line + 1}:${mark.column + 1}`;
    throw new ConfigError(
      `${path}${position}: not valid YAML${inBrackets(describeYamlFault(error.reason, text, mark))}`,
    );
  }
}

/** Whether a broken file of no extension is explained as JSON: what it lacks is then said where it is missing. */
function isMeantAsJson(text: string, path: string): boolean {
  return extname(path) === '' && /^\s*\{/.test(text);
}

/** js-yaml's reasons, by how they begin, in words for people; the others may quote the file. */
const yamlFaults: readonly (readonly [reason: string, words: string])[] = [
  ['unexpected end of the stream within a flow collection', 'a bracket is not closed'],
  ['unexpected end of the stream within a verbatim tag', 'a value that begins with ! must be in quotes'],
  ['unexpected end of the stream within a', 'a quotation mark is not closed'],
  ['unexpected end of the document within a', 'a quotation mark is not closed'],
  ['missed comma', 'a comma is missing'],
  ['bad indentation', 'the indentation is wrong'],
  ['can not read a block mapping entry', 'a line has no colon after its key'],
  ['can not read an implicit mapping pair', 'a colon is missing'],
  ['end of the stream or a document separator', 'a line has no colon, or its indentation is wrong'],
  ['expected a single document', 'it has more than one document'],
  ['unidentified alias', 'a value that begins with * must be in quotes'],
  ['name of an alias node', 'a value that begins with * must be in quotes'],
  ['unknown tag', 'a value that begins with ! must be in quotes'],
  ['unknown escape sequence', 'a backslash in double quotes must be doubled'],
  ['expected hexadecimal character', 'a backslash in double quotes must be doubled'],
  ['the stream contains non-printable characters', 'a control character is in it'],
  ['null byte', 'a control character is in it'],
];

function describeYamlFault(
  reason: string,
  text: string,
  mark: { readonly line: number; readonly position: number } | undefined,
): string | undefined {
  if (reason === 'duplicated mapping key') {
    const key = mark === undefined ? undefined : /^["']?(\w+)/.exec(text.slice(mark.position))?.[1];
    return describeRepeatedKey(key);
  }
  // js-yaml reports a tab only when it cannot parse the text after it.
  const lines = mark === undefined ? [] : text.split('\n').slice(Math.max(0, mark.line - 1), mark.line + 1);
  if (reason.startsWith('tab characters') || lines.some((line) => /^ *\t/.test(line))) {
    return 'a tab indents a line; use spaces';
  }
  const slashes = /^\s*(?:[{[]|\/[/*])/.test(text) ? findJsonFault(text) : undefined;
  if (slashes?.isComment) {
    return 'a comment begins with #';
  }
  if (mark !== undefined && /^[@`%]/.test(text.slice(mark.position))) {
    return 'a value that begins with @, ` or % must be in quotes';
  }
  return yamlFaults.find(([begin]) => reason.startsWith(begin))?.[1];
}

function inBrackets(words: string | undefined): string {
  return words === undefined ? '' : ` (${words})`;
}

/** `:line:column` */
function formatPosition(text: string, offset: number): string {
  const linesBefore = text.slice(0, offset).split('\n');
  return `:${linesBefore.length}:${linesBefore.at(-1)!.length + 1}`;
}

function packageProperty(manifest: unknown, path: string): ConfigValues | undefined {
  if (!isMapping(manifest) || !Object.hasOwn(manifest, 'dreamina') || manifest.dreamina === null) {
    return undefined;
  }
  return checkConfig(manifest.dreamina, `${path} (dreamina)`);
}

function checkConfig(value: unknown, where: string): ConfigValues {
  if (!isMapping(value)) {
    throw new ConfigError(`${where}: a config must be a mapping from keys to values, such as retries: 2`);
  }
  // cosmiconfig would load the named file, and execute a script.
  if (Object.hasOwn(value, '$import')) {
    throw new ConfigError(`${where}: $import is not supported; a config file cannot import another`);
  }
  return value;
}

function isMapping(value: unknown): value is ConfigValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
