import { lstat } from 'node:fs/promises';
import { absolutePath } from '../absolute-path.ts';
import { ConfigError, UsageError } from '../errors.ts';
import type { Environment, Host } from '../host.ts';
import type { Secrets } from '../secrets.ts';
import { loadConfigFile } from './config-file.ts';
import { definitions, type FlagKey, keys } from './definitions.ts';
import { exposesToken } from './exposed-token.ts';
import type { FoundConfig } from './parse-config.ts';
import { findProjectConfig } from './project-config.ts';
import type { ConfigFile, GatheredSettings, Layer } from './source.ts';
import { findUnreadConfigs } from './unread-configs.ts';
import { userConfigPath } from './user-config.ts';

/** The flags that set something, as typed. */
type SettingFlags = { readonly [K in FlagKey]?: string | undefined };

/** The settings on a command line. */
export interface SettingsRequest {
  readonly flags?: SettingFlags | undefined;
  /** The path that `--config` names, relative to the working directory; false is `--no-config`. */
  readonly config?: string | false | undefined;
}

/** The part of the host that settings are read from. */
export type Surroundings = Pick<Host, 'env' | 'cwd' | 'homeDir' | 'platform' | 'userId' | 'secrets'>;

/**
 * Reads flags, environment and config files. A file that cannot be read is a problem in the result, not an exception.
 * Every token found becomes a secret, used or not.
 *
 * @throws UsageError if `--config` is empty
 */
export async function gatherSettings(
  { flags = {}, config }: SettingsRequest,
  host: Surroundings,
): Promise<GatheredSettings> {
  const environment = environmentLayers(host.env);
  addTokens(environment, host.secrets);
  const files = await gatherFiles(config, host);
  const fileLayers = files.flatMap((file) => (file.status === 'found' ? file.layer : []));
  addTokens(fileLayers, host.secrets);
  return { layers: [...flagLayers(flags), ...environment, ...fileLayers], files };
}

function addTokens(layers: readonly Layer[], secrets: Secrets): void {
  for (const { values } of layers) {
    if (typeof values.token === 'string') {
      secrets.addToken(values.token.trim());
    }
  }
}

function flagLayers(flags: SettingFlags): readonly Layer[] {
  return keys.flatMap((key): Layer[] => {
    const definition = definitions[key];
    const value = flags[key as FlagKey];
    return 'flag' in definition && value !== undefined
      ? [{ source: { kind: 'flag', name: definition.flag }, values: { [key]: value } }]
      : [];
  });
}

function environmentLayers(env: Environment): readonly Layer[] {
  return keys.flatMap((key) =>
    definitions[key].environment.flatMap((name): Layer[] => {
      const value = readVariable(env, name);
      return value === undefined ? [] : [{ source: { kind: 'environment', name }, values: { [key]: value } }];
    }),
  );
}

async function gatherFiles(
  config: string | false | undefined,
  host: Surroundings,
): Promise<readonly ConfigFile[]> {
  if (config === false) {
    return [];
  }
  if (config === '') {
    throw new UsageError('--config needs the name of a file');
  }
  const named = config ?? readVariable(host.env, 'DREAMINA_CONFIG');
  if (named !== undefined) {
    const path = absolutePath(named, host);
    const load = async () => {
      const values = await loadConfigFile(path);
      if (values === undefined) {
        const by = config === undefined ? 'DREAMINA_CONFIG' : '--config';
        throw new ConfigError(`${path}: there is no such config file (named by ${by})`);
      }
      return { path, values };
    };
    return [await gatherFile('config-file', path, load, host)];
  }
  const userPath = userConfigPath(host);
  const unread: ConfigFile[] = [];
  const loadProject = () =>
    findProjectConfig(host, (path) => unread.push({ kind: 'project', path, status: 'foreign' }));
  const project = await gatherFile('project', host.cwd ?? '', loadProject, host);
  const projectPath = project.status === 'found' ? project.path : undefined;
  for (const path of findUnreadConfigs(host.cwd, projectPath)) {
    unread.push({ kind: 'project', path, status: 'unread' });
  }
  return [
    ...unread,
    project,
    ...(userPath === undefined
      ? []
      : [await gatherFile('user', userPath, () => loadUserConfig(userPath), host)]),
  ];
}

async function gatherFile(
  kind: ConfigFile['kind'],
  path: string,
  load: () => Promise<FoundConfig | undefined>,
  { platform }: Surroundings,
): Promise<ConfigFile> {
  try {
    const found = await load();
    if (found === undefined) {
      return { kind, path, status: 'absent' };
    }
    const layer: Layer = { source: { kind, path: found.path }, values: found.values };
    return {
      kind,
      path: found.path,
      status: 'found',
      layer,
      exposesToken: await exposesToken(found, platform),
    };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { kind, path, status: 'wrong', problem: error };
    }
    throw error;
  }
}

async function loadUserConfig(path: string): Promise<FoundConfig | undefined> {
  // A file that cannot be reached counts as absent: the home directory may be another user's.
  const isReachable = await lstat(path).then(
    () => true,
    () => false,
  );
  const values = isReachable ? await loadConfigFile(path) : undefined;
  return values && { path, values };
}

/** Treats a blank variable as not set: CI systems pass an undefined secret as '', some with a line end. */
function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value.trim() === '' ? undefined : value;
}
