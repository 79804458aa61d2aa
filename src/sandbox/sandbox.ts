import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { accounts, decodeAccount, exampleToken } from './accounts.ts';
import { sendWhole } from './answer.ts';
import { type ApiRevision, type Asset, AssetStore } from './assets.ts';
import { Connections } from './connections.ts';
import { createFaultPlan, type Fault, type FaultKind } from './faults.ts';
import { apiPath, findRoute, formatHost, handleRequest, type ServerState } from './handle-request.ts';

/** Options of a sandbox; each has a default. */
export interface SandboxOptions {
  /** The address to listen on; default 127.0.0.1. Over plain http, `Host` must be this address or a loopback one. */
  host?: string | undefined;
  /** Default 0, any free port. */
  port?: number | undefined;
  /** Default both. */
  api?: ApiRevision | undefined;
  /** How long each answer is held back; default 0. */
  latencyMs?: number | undefined;
  /** Default none. */
  faults?: readonly Fault[] | undefined;
  /** Decides which uploads get a fault with a rate, and what the references are; default 1. */
  seed?: number | undefined;
  /** Serve https with this key and certificate, in PEM. */
  tls?: { key: string | Buffer; cert: string | Buffer } | undefined;
  /** Called with each request once it is settled, before its answer is sent; it must not throw. */
  onRequest?: ((request: SeenRequest) => void) | undefined;
  /** How long the fault `slow` stalls, beyond the latency; default 30,000. */
  slowMs?: number | undefined;
  /** The Retry-After of the fault `429`; not sent by default. */
  retryAfterSeconds?: number | undefined;
  /** Milliseconds since the Unix epoch; default the system's clock. */
  now?: (() => number) | undefined;
}

/** One request that the sandbox has received, and what it did about it. */
export interface SeenRequest {
  readonly method: string;
  /** As it was sent, still percent-encoded. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The account that an upload names, decoded. */
  readonly account?: string;
  /** Bytes of the body that were read. */
  readonly bodySize: number;
  /** SHA-256 of the body, in hex, if all of it was read. */
  readonly sha256?: string;
  /** Undefined if no answer was sent: the sandbox reset the connection, or the client had disconnected. */
  readonly status: number | undefined;
  readonly fault?: FaultKind;
  /** The connection it came on: 1 for the first one opened, and so on. */
  readonly connection: number;
}

/** A running sandbox. */
export interface Sandbox extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** Where the API begins: the `apiUrl` of a client. */
  readonly apiUrl: string;
  /** A token that it accepts; it accepts every token of this form. */
  readonly token: string;
  readonly accounts: readonly string[];
  /** Every settled request, in the order in which they arrived. */
  readonly requests: readonly SeenRequest[];
  /** Every accepted upload, in the order in which they were accepted. */
  readonly assets: readonly Asset[];
  /** The highest number of uploads served at the same time so far. */
  readonly maxInFlight: number;
  /** Closes every connection at once, finished or not, and stops listening. */
  close(): Promise<void>;
}

/** Node's timers fire at once if the delay does not fit into 31 bits. */
const maxDelayMs = 1_000_000_000;

/**
 * Starts a server that stands in for the API, is as strict as its documentation, and fails on request.
 * Rejects with a RangeError for an invalid option, and with Node's error if it cannot listen.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = new RunningSandbox(options);
  await sandbox.listen();
  return sandbox;
}

class RunningSandbox implements Sandbox {
  /** Set once it listens. */
  origin = '';
  apiUrl = '';
  readonly token = exampleToken;
  readonly accounts = accounts;
  readonly assets: readonly Asset[];
  readonly #options: SandboxOptions & { readonly host: string; readonly latencyMs: number };
  readonly #state: ServerState;
  readonly #server: Server;
  readonly #connections: Connections;
  /** In order of arrival; undefined until the request is settled. */
  readonly #arrived: (SeenRequest | undefined)[] = [];
  readonly #serving = new Set<Promise<void>>();
  #inFlight = 0;
  #maxInFlight = 0;
  #closing: Promise<void> | undefined;

  constructor(options: SandboxOptions) {
    const { api = 'both', faults = [], seed = 1, slowMs = 30_000, retryAfterSeconds } = options;
    this.#options = { ...options, host: options.host ?? '127.0.0.1', latencyMs: options.latencyMs ?? 0 };
    assertDelay('latencyMs', this.#options.latencyMs);
    assertDelay('slowMs', slowMs);
    const store = new AssetStore(api, seed);
    this.assets = store.assets;
    this.#state = { api, store, nextFault: createFaultPlan(faults, seed), retryAfterSeconds, slowMs };
    this.#server = options.tls ? createTlsServer(options.tls) : createServer();
    // Only the client decides when an upload takes too long.
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
    this.#connections = new Connections(this.#server);
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const task = this.#serve(request, response).finally(() => this.#serving.delete(task));
      this.#serving.add(task);
    });
  }

  get requests(): readonly SeenRequest[] {
    return this.#arrived.filter((request) => request !== undefined);
  }

  get maxInFlight(): number {
    return this.#maxInFlight;
  }

  async listen(): Promise<void> {
    const { tls, host, port = 0 } = this.#options;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address() as AddressInfo;
    this.origin = `${tls ? 'https' : 'http'}://${formatHost(host)}:${address.port}`;
    this.apiUrl = `${this.origin}${apiPath}`;
  }

  readonly close = (): Promise<void> => {
    this.#closing ??= this.#stop();
    return this.#closing;
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#connections.destroyAll();
    await closed;
    await Promise.all(this.#serving);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { tls, host, latencyMs, onRequest, now = Date.now } = this.#options;
    const place = this.#arrived.push(undefined) - 1;
    const connection = this.#connections.of(request.socket);
    // Over TLS, the certificate already shows a browser that this is not the server it asked for.
    const route = findRoute(request, tls ? undefined : host, now());
    const uploads = route.kind === 'upload' ? 1 : 0;
    this.#inFlight += uploads;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);

    const outcome = await handleRequest(route, request, this.#state);
    const { body, fault, answer, send = sendWhole, stallMs = 0 } = outcome;
    if (answer) {
      await wait(latencyMs + stallMs, connection.closed);
    }
    const isAnswered = answer !== undefined && request.socket.writable;
    this.#inFlight -= uploads;
    const { method = '', url: path = '', headers } = request;
    const account = route.kind === 'upload' ? decodeAccount(route.segment) : undefined;
    const seen: SeenRequest = {
      method,
      path,
      headers,
      ...(account !== undefined && { account }),
      bodySize: body.size,
      ...(body.sha256 !== undefined && { sha256: body.sha256 }),
      status: isAnswered ? answer.status : undefined,
      ...(fault !== undefined && { fault }),
      connection: connection.ordinal,
    };
    this.#arrived[place] = seen;
    onRequest?.(seen);
    if (isAnswered) {
      send(response, answer);
    } else {
      connection.tcp.resetAndDestroy();
    }
  }
}

function assertDelay(name: string, delayMs: number): void {
  if (!(delayMs >= 0 && delayMs <= maxDelayMs)) {
    throw new RangeError(`${name} is ${delayMs}: it must be from 0 to ${maxDelayMs} milliseconds`);
  }
}

async function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs > 0) {
    // Rejects only if the connection is closed, which the caller sees on the socket.
    await sleep(delayMs, undefined, { signal }).catch(() => {});
  }
}
