import { buildConnector, Client, type Dispatcher } from 'undici';
import { keepReading } from './keep-reading.ts';
import { reportWrites } from './report-writes.ts';
import { connectThroughProxy } from './tunnel.ts';

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
  readonly #route: Route;
  readonly #idle: Connection[] = [];

  constructor(route: Route) {
    this.#route = route;
  }

  /** A connection for one request: an idle one or a new one. */
  take(): Connection {
    let connection = this.#idle.pop();
    while (connection?.wasClosed) {
      connection.destroy();
      connection = this.#idle.pop();
    }
    return connection ?? new Connection(this.#route);
  }

  /** Gives a connection back whose request has ended well. */
  giveBack(connection: Connection): void {
    this.#idle.push(connection);
  }

  /** Closes what is idle. */
  close(): void {
    for (const connection of this.#idle.splice(0)) {
      connection.destroy();
    }
  }
}

/**
 * A connection that is opened with its first request. It would open again by itself, but each socket would stay
 * attached to the signal that ends it, so one that was closed is better left alone.
 */
export class Connection {
  readonly #client: Client;
  readonly #ending = new AbortController();
  #wasClosed = false;
  #onSent: (bytes: number) => void = () => {};

  constructor({ origin, proxyUrl, ca }: Route) {
    const { signal } = this.#ending;
    // One deadline per attempt is kept by the client for everything together, so all of undici's own are off.
    const direct = buildConnector({ timeout: 0, signal, ...(ca !== undefined && { ca }) });
    const connect = proxyUrl === undefined ? direct : connectThroughProxy(proxyUrl, direct, { ca, signal });
    this.#client = new Client(origin, {
      connect: (options, callback) =>
        connect(options, (...result) => {
          const [, socket] = result;
          if (socket) {
            keepReading(socket);
            reportWrites(socket, (bytes) => this.#onSent(bytes));
          }
          callback(...result);
        }),
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: longestIdleMs,
      keepAliveMaxTimeout: longestIdleMs,
    });
    this.#client.once('disconnect', () => {
      this.#wasClosed = true;
    });
  }

  get wasClosed(): boolean {
    return this.#wasClosed;
  }

  /** @param onSent called as parts of the body leave this process */
  request(
    options: Dispatcher.RequestOptions,
    onSent: (bytes: number) => void,
  ): Promise<Dispatcher.ResponseData> {
    this.#onSent = onSent;
    return this.#client.request(options);
  }

  /** Ends what is under way, in whatever phase it is. */
  destroy(): void {
    this.#client.destroy(new Error('ended'), () => {});
    // undici forgets a socket that is still connecting, or in the middle of the TLS handshake; left open, it would
    // keep the process from ending.
    this.#ending.abort();
  }
}
