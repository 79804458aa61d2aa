import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { accounts, decodeAccount, exampleToken } from './accounts.ts';
import { type ApiRevision, type Asset, AssetStore } from './assets.ts';
import { Connections } from './connections.ts';
import { createFaultPlan, type Fault, type FaultKind } from './faults.ts';
import { apiPath, findRoute, formatHost, handleRequest } from './handle-request.ts';

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
  const {
    host = '127.0.0.1',
    port = 0,
    api = 'both',
    latencyMs = 0,
    faults = [],
    seed = 1,
    tls,
    onRequest,
    slowMs = 30_000,
    retryAfterSeconds,
    now = Date.now,
  } = options;
  assertDelay('latencyMs', latencyMs);
  assertDelay('slowMs', slowMs);
  const store = new AssetStore(api, seed);
  const state = { api, store, faultPlan: createFaultPlan(faults, seed), retryAfterSeconds, slowMs, now };
  /** In order of arrival; undefined until the request is settled. */
  const arrived: (SeenRequest | undefined)[] = [];
  const serving = new Set<Promise<void>>();
  let inFlight = 0;
  let maxInFlight = 0;

  const server = tls ? createTlsServer(tls) : createServer();
  // Only the client decides when an upload takes too long.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  const connections = new Connections(server);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const place = arrived.push(undefined) - 1;
    const connection = connections.of(request.socket);
    // Over TLS, the certificate already tells a browser that this is not the server it asked for.
    const route = findRoute(request, tls ? undefined : host);
    const account = route.kind === 'upload' ? decodeAccount(route.segment) : undefined;
    const uploads = route.kind === 'upload' ? 1 : 0;
    inFlight += uploads;
    maxInFlight = Math.max(maxInFlight, inFlight);

    const { body, fault, answer, send, stallMs } = await handleRequest(route, request, state);
    if (answer) {
      await wait(latencyMs + stallMs, connection.closed);
    }
    const isAnswered = answer !== undefined && request.socket.writable;
    inFlight -= uploads;
    const seen: SeenRequest = {
      method,
      path,
      headers,
      ...(account === undefined ? {} : { account }),
      bodySize: body.size,
      ...(body.sha256 === undefined ? {} : { sha256: body.sha256 }),
      status: isAnswered ? answer.status : undefined,
      ...(fault === undefined ? {} : { fault }),
      connection: connection.ordinal,
    };
    arrived[place] = seen;
    onRequest?.(seen);
    if (isAnswered) {
      send(response, answer);
    } else {
      connection.tcp.resetAndDestroy();
    }
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const task = serve(request, response).finally(() => serving.delete(task));
    serving.add(task);
  });

  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const origin = `${tls ? 'https' : 'http'}://${formatHost(host)}:${address.port}`;

  let closing: Promise<void> | undefined;
  async function stop(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    connections.destroyAll();
    await closed;
    await Promise.all(serving);
  }
  function close(): Promise<void> {
    closing ??= stop();
    return closing;
  }

  return {
    origin,
    apiUrl: `${origin}${apiPath}`,
    token: exampleToken,
    accounts,
    get requests() {
      return arrived.filter((request) => request !== undefined);
    },
    assets: store.assets,
    get maxInFlight() {
      return maxInFlight;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
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
