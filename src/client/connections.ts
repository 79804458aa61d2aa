import { buildConnector, Client } from 'undici';
import { createProxyConnector } from './proxy-connector.ts';

/** How to reach the service. */
export interface Route {
  /** Scheme, host and port. */
  readonly origin: string;
  /** A proxy to tunnel through, if any. */
  readonly proxyUrl?: URL | undefined;
  /** PEM certificates of the authorities to trust instead of Node's own. */
  readonly ca?: string | undefined;
}

/**
 * How long an unused connection may be used again. Servers close idle connections after a second or more, and a
 * request that meets the closing is lost; between two files of a batch the pause is of milliseconds.
 */
const longestIdleMs = 500;

/**
 * Connections to one origin, kept open between uploads. Each carries one request at a time, so that ending one request
 * (by its deadline, or because the server answered before it had read the body) harms no other.
 */
export class Connections {
  readonly #open: () => Client;
  readonly #idle: Client[] = [];

  constructor({ origin, proxyUrl, ca }: Route) {
    // One deadline per attempt is kept by the client for everything together, so all of undici's own are off.
    const direct = buildConnector({ timeout: 0, ...(ca !== undefined && { ca }) });
    const connect = proxyUrl === undefined ? direct : createProxyConnector(proxyUrl, direct, ca);
    this.#open = () =>
      new Client(origin, {
        connect,
        pipelining: 1,
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveTimeout: longestIdleMs,
        keepAliveMaxTimeout: longestIdleMs,
      });
  }

  /** A connection for one request: an idle one or a new one. */
  take(): Client {
    return this.#idle.pop() ?? this.#open();
  }

  /** Gives a connection back whose request has ended well. */
  giveBack(connection: Client): void {
    this.#idle.push(connection);
  }

  /** Closes what is idle. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((connection) => connection.destroy()));
  }
}
