import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { StandardError } from '../../report/standard-error.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { formatSource } from '../../settings/source.ts';
import { readUserConfig, userConfigPath, writeUserConfig } from '../../settings/user-config.ts';

const identityKeys = ['token', 'account'] as const;

/** Runs `dreamina logout`; throws a ConfigError if the user's config cannot be read or written. */
export async function runLogout(host: Host): Promise<number> {
  const { messages } = await StandardError.open(host, 'normal');
  const path = userConfigPath(host);
  const values = path === undefined ? {} : await readUserConfig(path);
  const taken = identityKeys.filter((key) => Object.hasOwn(values, key));
  if (path === undefined) {
    messages.note('Nothing to do: without a home directory there is no user config.');
  } else if (taken.length === 0) {
    messages.note(`Nothing to do: there is neither token nor account in ${path}.`);
  } else {
    await writeUserConfig(path, { token: undefined, account: undefined });
    messages.note(
      taken.length === 2
        ? `Logged out: token and account are no longer in ${path}.`
        : `Logged out: the ${taken[0]} is no longer in ${path}.`,
    );
  }
  const { layers } = await gatherSettings({}, host);
  for (const { source } of layers.filter(({ values: { token } }) => token !== undefined && token !== null)) {
    messages.warn(`a token is still set, by ${formatSource(source)}`);
  }
  return exitCodes.success;
}
