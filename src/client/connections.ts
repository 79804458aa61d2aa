import type { Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { ApiError } from '../errors.ts';
import { isLoopbackAddress } from '../network/loopback.ts';
import { dropInterimAnswers, type InterimFilter } from './drop-interim-answers.ts';
import { keepReading } from './keep-reading.ts';
import { isClosedConnection } from './network-error.ts';
import { openSocket } from './open-socket.ts';
import { reportWrites } from './report-writes.ts';
import { openTunnel } from './tunnel.ts';

/** How to reach the service. */
export interface Route {
  /** Scheme, host and port. */
  readonly origin: string;
  /** A proxy to tunnel through, if any; plain http goes to this machine only, and never through it. */
  readonly proxyUrl?: URL | undefined;
  /** PEM certificates of the authorities to trust instead of Node's own. */
  readonly ca?: string | undefined;
}

/** What is told of a request on its way. */
export interface RequestObserver {
  /** A connection is being opened. */
  onConnecting(): void;
  /** The connection is open, TLS included. */
  onConnected(): void;
  /** A part of the body left this process. */
  onSent(bytes: number): void;
}

/**
 * How long an unused connection may be used again. Servers close idle connections after a second or more, and a
 * request that meets the closing has to be sent again; between two files of a batch the pause is of milliseconds.
 */
const maxIdleMs = 500;

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
    return connection ?? this.takeNew();
  }

  /** A connection that no request has used. */
  takeNew(): Connection {
    return new Connection(this.#route);
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
  #observer: RequestObserver | undefined;
  #socket: Socket | undefined;
  #interimFilter: InterimFilter | undefined;
  /** What the socket had read when the present request began; undefined for the first request on that socket. */
  #readBeforeBytes: number | undefined;

  constructor(route: Route) {
    const connect = createConnector(route, this.#ending.signal);
    this.#client = new Client(route.origin, {
      connect: (options, callback) => {
        this.#observer?.onConnecting();
        connect(options, (...result) => {
          const [, socket] = result;
          if (socket) {
            this.#use(socket);
          }
          callback(...result);
        });
      },
      // The client keeps the deadlines of each attempt.
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: maxIdleMs,
      keepAliveMaxTimeout: maxIdleMs,
    });
    this.#client.once('disconnect', () => {
      this.#wasClosed = true;
    });
  }

  get wasClosed(): boolean {
    return this.#wasClosed;
  }

  request(options: Dispatcher.RequestOptions, observer: RequestObserver): Promise<Dispatcher.ResponseData> {
    this.#observer = observer;
    this.#readBeforeBytes = this.#socket?.bytesRead;
    this.#interimFilter?.expectAnswer();
    return this.#client.request(options);
  }

  /**
   * Whether a request failed because the server was closing the connection, which had been idle: not a byte of an
   * answer has come.
   */
  wasClosing(error: unknown): boolean {
    return (
      this.#readBeforeBytes !== undefined &&
      this.#readBeforeBytes === this.#socket?.bytesRead &&
      isClosedConnection(error)
    );
  }

  /** Ends what is under way, in whatever phase it is. */
  destroy(): void {
    this.#client.destroy(new Error('ended'), () => {});
    // undici forgets a socket that is still connecting, or in the middle of the TLS handshake; left open, it would
    // keep the process from ending.
    this.#ending.abort();
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    this.#readBeforeBytes = undefined;
    keepReading(socket);
    reportWrites(socket, (bytes) => this.#observer?.onSent(bytes));
    this.#interimFilter = dropInterimAnswers(socket);
    this.#observer?.onConnected();
  }
}

/** Opens the connections of one route; `signal` ends them, open or not. */
function createConnector({ proxyUrl, ca }: Route, signal: AbortSignal): buildConnector.connector {
  // The client keeps the deadline, so undici's own is off.
  const secure = buildConnector({ timeout: 0, ...(ca !== undefined && { ca }) });
  return (options, callback) => {
    const { protocol, hostname, port } = options;
    const isSecure = protocol === 'https:';
    const peer = { hostname, port: Number(port || (isSecure ? 443 : 80)) };
    const opening =
      isSecure && proxyUrl !== undefined
        ? openTunnel(proxyUrl, peer, { secure, signal })
        : openSocket(peer, signal);
    opening.then(
      (socket) => {
        if (isSecure) {
          secure({ ...options, httpSocket: socket }, callback);
        } else if (isLoopbackAddress(socket.remoteAddress)) {
          callback(null, socket);
        } else {
          socket.destroy();
          callback(notThisMachine(hostname, socket.remoteAddress), null);
        }
      },
      (error: Error) => callback(error, null),
    );
  };
}

/** The name was allowed for plain http because it should be this machine's. */
function notThisMachine(hostname: string, address = 'no address'): ApiError {
  return new ApiError(
    'network',
    `${hostname} is ${address}, which is not this machine, so the token would be sent to it unencrypted`,
    { retryable: false, hint: `Correct what ${hostname} stands for in the hosts file, or use 127.0.0.1.` },
  );
}
