import { open } from 'node:fs/promises';
import { describeErrno } from '../errno.ts';
import { ConfigError } from '../errors.ts';
import { type ConfigValues, isPackageJson, parseConfig } from './parse-config.ts';

/** The largest config file that is read, in bytes. */
export const maxConfigSizeBytes = 1024 * 1024;

/** The values in one config file, `{}` if it is blank, undefined if there is no such file. */
export async function loadConfigFile(path: string): Promise<ConfigValues | undefined> {
  const text = await readConfigFile(path);
  if (text === undefined) {
    return undefined;
  }
  const values = await parseConfig(text, path);
  if (values === undefined && isPackageJson(path)) {
    throw new ConfigError(`${path}: it has no "dreamina" property`);
  }
  return values ?? {};
}

/** The error for a file of more than {@link maxConfigSizeBytes}. */
export function configTooLarge(path: string): ConfigError {
  return new ConfigError(`${path}: a config file is 1 MiB at most`);
}

async function readConfigFile(path: string): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    const handle = await open(path);
    // A stream, because the pipe of `--config <(…)` has no size. `end` is inclusive: one byte more than is allowed.
    for await (const chunk of handle.createReadStream({ end: maxConfigSizeBytes })) {
      chunks.push(chunk);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return undefined;
    }
    throw new ConfigError(`${path}: the config file cannot be read: ${describeErrno(cause)}`, { cause });
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > maxConfigSizeBytes) {
    throw configTooLarge(path);
  }
  return bytes.toString('utf8');
}
