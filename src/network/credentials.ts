import { ConfigError } from '../errors.ts';
import { isLoopbackHost } from '../loopback.ts';
import { isOfficial } from '../settings/api-url.ts';
import type { Problem } from '../settings/resolve.ts';
import { formatSource, type Setting, type Source } from '../settings/source.ts';

/** The settings that decide whether the token may be sent. */
export interface TokenDestination {
  readonly apiUrl: Setting<string> | Problem;
  /** Where the token is from; undefined for none. */
  readonly token: { readonly source: Source } | Problem | undefined;
}

/**
 * The rule for the token: why it must not be sent to the `apiUrl`, in a sentence without the token; undefined if it
 * may, or if there is nothing to send. A token goes only where its owner sent it. The author of a folder writes its
 * project config, so an unofficial server named there gets a token only from the same file.
 */
export function describeTokenRefusal({ apiUrl, token }: TokenDestination): string | undefined {
  if (token === undefined || 'problem' in token || 'problem' in apiUrl) {
    return undefined;
  }
  const { origin, protocol, hostname } = new URL(apiUrl.value);
  if (protocol !== 'https:' && !isLoopbackHost(hostname)) {
    return `the token would be sent to ${origin} unencrypted`;
  }
  if (apiUrl.source.kind !== 'project' || isOfficial(apiUrl.value)) {
    return undefined;
  }
  if (token.source.kind === 'project' && token.source.path === apiUrl.source.path) {
    return undefined;
  }
  return (
    `${formatSource(apiUrl.source)} names another server, ${origin}, ` +
    `and the token from ${formatSource(token.source)} is not sent there, because it is not from the same file. ` +
    'If you trust this server, name it yourself with DREAMINA_API_URL or --config'
  );
}

/** Throws a ConfigError if the token must not be sent to the `apiUrl`. */
export function assertTokenDestination(destination: TokenDestination): void {
  const refusal = describeTokenRefusal(destination);
  if (refusal !== undefined) {
    throw new ConfigError(refusal);
  }
}

/** A server and the token that may be sent to it. Only the token rule creates them. */
export class Credentials {
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** Undefined to send none. Private, so that no other object passes for credentials. */
  readonly #token: string | undefined;

  private constructor(apiUrl: string, token: string | undefined) {
    this.apiUrl = apiUrl;
    this.#token = token;
  }

  /** @throws ConfigError if the token must not be sent to the `apiUrl` */
  static fromSettings(settings: {
    readonly apiUrl: Setting<string>;
    readonly token: Setting<string> | undefined;
  }): Credentials {
    assertTokenDestination(settings);
    return new Credentials(settings.apiUrl.value, settings.token?.value);
  }

  /** For a server that this process runs, and its token; throws a ConfigError if it is not on this machine. */
  static forOwnServer(apiUrl: string, token: string): Credentials {
    const { origin, hostname } = new URL(apiUrl);
    if (!isLoopbackHost(hostname)) {
      throw new ConfigError(`${origin} is not on this machine`);
    }
    return new Credentials(apiUrl, token);
  }

  /** `user:<digits>-<alphanumeric>`, printable ASCII. */
  get token(): string | undefined {
    return this.#token;
  }
}
