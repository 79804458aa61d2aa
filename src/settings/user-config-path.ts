import { posix, win32 } from 'node:path';
import type { Host } from '../host.ts';

/** Where the user's own config file is, whether it exists or not. */
export function userConfigPath(host: Pick<Host, 'env' | 'homeDir' | 'platform'>): string {
  const path = host.platform === 'win32' ? win32 : posix;
  return path.join(configHome(host, path), 'dreamina', 'config.json');
}

function configHome(
  { env, homeDir, platform }: Pick<Host, 'env' | 'homeDir' | 'platform'>,
  path: typeof posix,
): string {
  // The XDG specification: a path that is not absolute is to be ignored.
  if (env.XDG_CONFIG_HOME && path.isAbsolute(env.XDG_CONFIG_HOME)) return env.XDG_CONFIG_HOME;
  switch (platform) {
    case 'win32':
      return env.APPDATA || path.join(homeDir, 'AppData', 'Roaming');
    case 'darwin':
      return path.join(homeDir, 'Library', 'Application Support');
    default:
      return path.join(homeDir, '.config');
  }
}
