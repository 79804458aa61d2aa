import type { Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { ApiError } from '../errors.ts';
import { isLoopbackAddress } from '../loopback.ts';
import { dropInterimAnswers } from './drop-interim-answers.ts';
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
  /** How long an attempt may go without progress; the client enforces it. */
  readonly timeoutMs: number;
}

/** Callbacks for the progress of a request. */
export interface RequestObserver {
  /** A connection is being opened. */
  onConnecting(): void;
  /** The connection is open, TLS included. */
  onConnected(): void;
  /** A part of the body left this process. */
  onSent(bytes: number): void;
}

/**
 * How long an idle connection may be reused. Servers close idle connections after a second or more, and a request that
 * hits the close must be resent; between two files of a batch only milliseconds pass.
 */
const maxIdleMs = 500;

/**
 * Connections to one origin, kept open between uploads. Each carries one request at a time, so ending one request (at
 * its deadline, or because the server answered before it had read the body) affects no other.
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

  /** Returns a connection after a successful request. */
  giveBack(connection: Connection): void {
    this.#idle.push(connection);
  }

  /** Closes idle connections. */
  close(): void {
    for (const connection of this.#idle.splice(0)) {
      connection.destroy();
    }
  }
}

/**
 * A connection, opened with its first request. Do not reuse a closed one: undici would reopen it, but each of its
 * sockets would stay attached to the abort signal.
 */
export class Connection {
  readonly #client: Client;
  readonly #ending = new AbortController();
  #wasClosed = false;
  #observer: RequestObserver | undefined;
  #socket: Socket | undefined;
  #expectAnswer: (() => void) | undefined;
  /** Bytes the socket had read when the current request began; undefined for the first request on that socket. */
  #readBeforeBytes: number | undefined;

  constructor(route: Route) {
    const connect = createConnector(route, this.#ending.signal);
    this.#client = new Client(route.origin, {
      connect: (options, callback) => {
        this.#observer?.onConnecting();
        connect(options, (...result) => {
          const [, socket] = result;
          if (socket) {
            this.#use(socket, route.timeoutMs);
          }
          callback(...result);
        });
      },
      // The client enforces the deadline of each attempt, so undici's own timeouts are off.
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
    this.#expectAnswer?.();
    return this.#client.request(options);
  }

  /** Whether the current request is not the first on its socket. */
  get isReused(): boolean {
    return this.#readBeforeBytes !== undefined;
  }

  /** Whether a request failed because the server was closing an idle connection: no byte of an answer has arrived. */
  wasClosing(error: unknown): boolean {
    return this.isReused && this.#readBeforeBytes === this.#socket?.bytesRead && isClosedConnection(error);
  }

  /** Aborts the request in any phase. */
  destroy(): void {
    this.#client.destroy(new Error('ended'), () => {});
    // undici forgets a socket that is still connecting, or in the middle of the TLS handshake; left open, it would
    // keep the process from ending.
    this.#ending.abort();
  }

  #use(socket: Socket, timeoutMs: number): void {
    this.#socket = socket;
    this.#readBeforeBytes = undefined;
    keepReading(socket);
    reportWrites(socket, timeoutMs, (bytes) => this.#observer?.onSent(bytes));
    this.#expectAnswer = dropInterimAnswers(socket);
    this.#observer?.onConnected();
  }
}

/** Opens the connections of one route; `signal` closes them, even while they connect. */
function createConnector({ proxyUrl, ca }: Route, signal: AbortSignal): buildConnector.connector {
  // The client enforces the deadline, so undici's own timeout is off.
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
        const { remoteAddress } = socket;
        if (isSecure) {
          secure({ ...options, httpSocket: socket }, callback);
        } else if (isLoopbackAddress(remoteAddress)) {
          callback(null, socket);
        } else {
          socket.destroy();
          callback(remoteAddress === undefined ? peerGone() : notThisMachine(hostname, remoteAddress), null);
        }
      },
      (error: Error) => callback(error, null),
    );
  };
}

/** The error for a name that was allowed plain http as this machine's, but resolves to another address. */
function notThisMachine(hostname: string, address: string): ApiError {
  return new ApiError(
    'network',
    `${hostname} is ${address}, which is not this machine, so the token would be sent to it unencrypted`,
    { retryable: false, hint: `Correct the address of ${hostname} in the hosts file, or use 127.0.0.1.` },
  );
}

/** The error for a peer that has closed the connection already: the system no longer knows its address. */
function peerGone(): Error {
  return Object.assign(new Error('the peer is gone'), { code: 'ECONNRESET' });
}
