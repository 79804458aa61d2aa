import { basename, extname } from 'node:path';
import { ConfigError } from '../errors.ts';

/** The keys and values of a config file, unchecked. */
export type ConfigValues = Readonly<Record<string, unknown>>;

/** Parses the text of a config file, in the format of its extension; undefined if the file sets nothing. */
export async function parseConfig(text: string, path: string): Promise<ConfigValues | undefined> {
  const format = configFormat(path);
  const content = withoutByteOrderMark(text);
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

function configFormat(path: string): 'json' | 'yaml' | 'package' {
  if (isPackageJson(path)) {
    return 'package';
  }
  switch (extname(path).toLowerCase()) {
    case '.json':
      return 'json';
    // A file without extension is YAML, which includes JSON.
    case '':
    case '.yaml':
    case '.yml':
      return 'yaml';
    default:
      throw new ConfigError(
        `${path}: a config file is JSON or YAML only (.json, .yaml, .yml or no extension)`,
      );
  }
}

// Drop the parsers' own errors, also as causes: both quote the wrong line, which may hold the token.
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path}${jsonErrorPosition(error, text)}: not valid JSON`);
  }
}

async function parseYaml(text: string, path: string): Promise<unknown> {
  const { load, JSON_SCHEMA, YAMLException } = await import('js-yaml');
  try {
    return load(text, { schema: JSON_SCHEMA });
  } catch (error) {
    if (!(error instanceof YAMLException)) {
      throw new ConfigError(`${path}: not valid YAML`);
    }
    // Some errors have no mark, although the type says so.
    const mark = error.mark as typeof error.mark | undefined;
    const position = mark === undefined ? '' : `:${mark.line + 1}:${mark.column + 1}`;
    const detail = error.reason === 'duplicated mapping key' ? ' (a key appears twice)' : '';
    throw new ConfigError(`${path}${position}: not valid YAML${detail}`);
  }
}

/** `:line:column` if V8 gives it. Its other messages end in a quotation, which may look like a position. */
function jsonErrorPosition(error: unknown, text: string): string {
  const match = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec((error as Error).message);
  if (match === null) {
    return '';
  }
  const linesBefore = text.slice(0, Number(match[1])).split('\n');
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
    throw new ConfigError(`${where}: a config must be a mapping from keys to values`);
  }
  // cosmiconfig would load the named file, and execute a script.
  if (Object.hasOwn(value, '$import')) {
    throw new ConfigError(`${where}: $import is not supported; a config file stands alone`);
  }
  return value;
}

function isMapping(value: unknown): value is ConfigValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
