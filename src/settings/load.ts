import { absolutePath } from '../absolute-path.ts';
import { ConfigError, UsageError } from '../errors.ts';
import type { Environment, Host } from '../host.ts';
import { loadConfigFile } from './config-file.ts';
import { definitions, type FlagKey, keys } from './definitions.ts';
import { findProjectConfig } from './project-config.ts';
import type { Layer } from './source.ts';
import { userConfigPath } from './user-config-path.ts';

/** The flags that set something, as they were typed; undefined where they were not. */
export type SettingFlags = { readonly [K in FlagKey]?: string | undefined };

/** What a command line says about settings. */
export interface SettingsRequest {
  readonly flags?: SettingFlags | undefined;
  /** The path that `--config` names, from the working directory; false is `--no-config`. */
  readonly config?: string | false | undefined;
}

/** What the settings are gathered from. */
export type Surroundings = Pick<Host, 'env' | 'cwd' | 'homeDir' | 'platform' | 'secrets'>;

/**
 * Gathers what flags, environment and config files say, highest first, without judging any value; the defaults
 * come last and are not among the layers. Each token among them is a secret from then on, whether it is used or not.
 */
export async function loadSettings(request: SettingsRequest, host: Surroundings): Promise<readonly Layer[]> {
  const environment = environmentLayers(host.env);
  addTokens(environment, host);
  const files = await fileLayers(request.config, host);
  addTokens(files, host);
  return [...flagLayers(request.flags ?? {}), ...environment, ...files];
}

/** Makes secrets of the tokens in layers. */
export function addTokens(layers: readonly Layer[], { secrets }: Pick<Surroundings, 'secrets'>): void {
  for (const { values } of layers) {
    if (typeof values.token === 'string') {
      secrets.addToken(values.token);
    }
  }
}

function flagLayers(flags: SettingFlags): Layer[] {
  return keys.flatMap((key): Layer[] => {
    const definition = definitions[key];
    const value = flags[key as FlagKey];
    if (!('flag' in definition) || value === undefined) return [];
    return [{ source: { kind: 'flag', name: definition.flag }, values: { [key]: value } }];
  });
}

function environmentLayers(env: Environment): Layer[] {
  return keys.flatMap((key) =>
    definitions[key].environment.flatMap((name): Layer[] => {
      const value = readVariable(env, name);
      return value === undefined ? [] : [{ source: { kind: 'environment', name }, values: { [key]: value } }];
    }),
  );
}

async function fileLayers(config: string | false | undefined, host: Surroundings): Promise<Layer[]> {
  if (config === false) return [];
  if (config === '') throw new UsageError('--config needs the name of a file');
  const named = config ?? readVariable(host.env, 'DREAMINA_CONFIG');
  if (named !== undefined) {
    const path = absolutePath(named, host);
    const values = await loadConfigFile(path);
    if (values !== undefined) return [{ source: { kind: 'config-file', path }, values }];
    throw new ConfigError(
      `${path}: there is no such config file (named by ${config === undefined ? 'DREAMINA_CONFIG' : '--config'})`,
    );
  }

  const layers: Layer[] = [];
  const project = await findProjectConfig(host.cwd);
  if (project) layers.push({ source: { kind: 'project', path: project.path }, values: project.values });
  const path = userConfigPath(host);
  const values = await loadConfigFile(path);
  if (values) layers.push({ source: { kind: 'user', path }, values });
  return layers;
}

/** A variable that is set but empty counts as not set: CI systems pass a secret that is not defined as ''. */
function readVariable(env: Environment, name: string): string | undefined {
  return env[name] || undefined;
}
