import { basename, extname } from 'node:path';
import { ConfigError } from '../errors.ts';

/** A config file's keys and values, unchecked. */
export type ConfigValues = Readonly<Record<string, unknown>>;

/** The config in a file's text, in the format its name tells; undefined where the file says nothing at all. */
export async function parseConfig(text: string, path: string): Promise<ConfigValues | undefined> {
  const format = configFormat(path);
  const content = withoutByteOrderMark(text);
  if (content.trim() === '') return undefined;
  switch (format) {
    case 'package':
      return packageProperty(parseJson(content, path), path);
    case 'json':
      return checkConfig(parseJson(content, path), path);
    case 'yaml': {
      const value = await parseYaml(content, path);
      // What js-yaml makes of a file of comments.
      return value === null ? undefined : checkConfig(value, path);
    }
  }
}

/** Whether a text is JSON, by the measure that {@link parseConfig} applies to it. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(withoutByteOrderMark(text));
    return true;
  } catch {
    return false;
  }
}

/** Whether a file is a package.json, whose config is its `dreamina` property. */
export function isPackageJson(path: string): boolean {
  return basename(path) === 'package.json';
}

function configFormat(path: string): 'json' | 'yaml' | 'package' {
  if (isPackageJson(path)) return 'package';
  switch (extname(path).toLowerCase()) {
    case '.json':
      return 'json';
    // A file without extension is YAML, of which JSON is a part.
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

// Neither parser's error goes any further, not even as a cause: both quote the line they stumble over, token and all.
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
    if (!(error instanceof YAMLException)) throw new ConfigError(`${path}: not valid YAML`);
    // Some of its errors carry no mark, whatever its type says.
    const mark = error.mark as typeof error.mark | undefined;
    const position = mark === undefined ? '' : `:${mark.line + 1}:${mark.column + 1}`;
    const detail = error.reason === 'duplicated mapping key' ? ' (a key stands there twice)' : '';
    throw new ConfigError(`${path}${position}: not valid YAML${detail}`);
  }
}

/** `:line:column` where V8 tells; its other messages end in a quotation, which may read like a position. */
function jsonErrorPosition(error: unknown, text: string): string {
  const match = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec((error as Error).message);
  if (match === null) return '';
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
  if (!isMapping(value)) throw new ConfigError(`${where}: a config must be a mapping from keys to values`);
  // cosmiconfig would read the file it names, and execute it if it is a script.
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
