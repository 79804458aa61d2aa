import { resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { checkTokenDestination } from '../network/credentials.ts';
import { loadConfigFile } from './config-file.ts';
import { type Key, keys } from './definitions.ts';
import { addTokens, loadSettings, type Surroundings } from './load.ts';
import { findProjectConfig } from './project-config.ts';
import { type ResolvedSettings, resolveSettings } from './resolve.ts';
import type { Layer, Source } from './source.ts';
import { findUnknownKeys } from './unknown-keys.ts';
import { userConfigPath } from './user-config-path.ts';

/** A setting: what it is and where that was said, or why it cannot be told; neither where nobody says it. */
export type InspectedSetting<K extends Key = Key> =
  | { readonly setting: ResolvedSettings[K] }
  | { readonly problem: ConfigError };

/** A place where a config file may be. */
export interface InspectedFile {
  readonly kind: 'config-file' | 'project' | 'user';
  /** Absolute; of a project's config that is not there, the folder from which it was looked for upwards. */
  readonly path: string;
  /** What the file says, unchecked; absent where there is no such file, or where it is wrong. */
  readonly layer?: Layer;
  readonly problem?: ConfigError;
}

/** Everything that is known about the settings of a run, also where some of it is wrong. */
export interface Inspection {
  readonly settings: { readonly [K in Key]: InspectedSetting<K> };
  /** In the order in which they count. */
  readonly files: readonly InspectedFile[];
  /** A sentence for each key that no setting has. */
  readonly warnings: readonly string[];
  /** Why the token must not go where `apiUrl` points. */
  readonly tokenRefusal: string | undefined;
}

/**
 * Looks at the settings as {@link loadSettings} and {@link resolveSettings} do, but goes on where something is wrong.
 *
 * @param config the path that `--config` names; false is `--no-config`
 * @throws UsageError where `--config` makes no sense
 */
export async function inspectSettings(
  config: string | false | undefined,
  host: Surroundings,
): Promise<Inspection> {
  const files = await inspectFiles(config, host);
  const layers = [
    ...(await loadSettings({ config: false }, host)),
    ...files.flatMap(({ layer }) => layer ?? []),
  ];
  addTokens(layers, host);
  const settings = Object.fromEntries(
    keys.map((key) => [key, inspectSetting(key, layers)]),
  ) as unknown as Inspection['settings'];
  return {
    settings,
    files,
    warnings: layers.flatMap(findUnknownKeys),
    tokenRefusal: findTokenRefusal(settings),
  };
}

async function inspectFiles(
  config: string | false | undefined,
  host: Surroundings,
): Promise<readonly InspectedFile[]> {
  if (config === false) {
    return [];
  }
  const { DREAMINA_CONFIG } = host.env;
  const named = config ?? (DREAMINA_CONFIG || undefined);
  if (named !== undefined) {
    return [
      await inspectFile('config-file', resolve(host.cwd, named), async () => {
        // Without the rest of the environment, the layers are those of files.
        const { cwd, homeDir, platform, secrets } = host;
        const env = { DREAMINA_CONFIG };
        const [layer] = await loadSettings({ config }, { env, cwd, homeDir, platform, secrets });
        return layer;
      }),
    ];
  }
  const userPath = userConfigPath(host);
  return [
    await inspectFile('project', host.cwd, async () => {
      const found = await findProjectConfig(host.cwd);
      return found && { source: { kind: 'project', path: found.path }, values: found.values };
    }),
    await inspectFile('user', userPath, async () => {
      const values = await loadConfigFile(userPath);
      return values && { source: { kind: 'user', path: userPath }, values };
    }),
  ];
}

async function inspectFile(
  kind: InspectedFile['kind'],
  path: string,
  load: () => Promise<Layer | undefined>,
): Promise<InspectedFile> {
  try {
    const layer = await load();
    return layer === undefined ? { kind, path } : { kind, path: pathOf(layer.source) ?? path, layer };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { kind, path, problem: error };
    }
    throw error;
  }
}

function pathOf(source: Source): string | undefined {
  return 'path' in source ? source.path : undefined;
}

function inspectSetting<K extends Key>(key: K, layers: readonly Layer[]): InspectedSetting<K> {
  try {
    const { settings } = resolveSettings(
      layers.map(({ source, values }) => ({
        source,
        values: Object.hasOwn(values, key) ? { [key]: values[key] } : {},
      })),
    );
    return { setting: settings[key] };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { problem: error };
    }
    throw error;
  }
}

function findTokenRefusal({ token, apiUrl }: Inspection['settings']): string | undefined {
  if (!('setting' in token) || token.setting === undefined || !('setting' in apiUrl)) {
    return undefined;
  }
  const permission = checkTokenDestination({
    apiUrl: apiUrl.setting.value,
    apiUrlSource: apiUrl.setting.source,
    tokenSource: token.setting.source,
  });
  return permission.allowed ? undefined : permission.reason;
}
