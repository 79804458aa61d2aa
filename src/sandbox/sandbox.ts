import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { accounts, decodeAccount, exampleToken } from './accounts.ts';
import { type Asset, Assets } from './assets.ts';
import { Connections } from './connections.ts';
import { sendWhole } from './delivery.ts';
import { createFaultPlan, type Fault } from './faults.ts';
import { RequestLog, type SeenRequest } from './request-log.ts';
import { apiPath, findRoute } from './routes.ts';
import type { ApiRevision } from './upload.ts';
import { reachVerdict } from './verdict.ts';

/** How a sandbox is to behave; everything has a default. */
export interface SandboxOptions {
  /** Default 127.0.0.1. */
  host?: string | undefined;
  /** Default 0, any free one. */
  port?: number | undefined;
  /** Default both. */
  api?: ApiRevision | undefined;
  /** How long each answer is held back; default 0. */
  latencyMs?: number | undefined;
  /** Default none. */
  faults?: readonly Fault[] | undefined;
  /** Decides where the rates strike and what the references are; default 1. */
  seed?: number | undefined;
  /** Serves https with this key and certificate, in PEM. */
  tls?: { key: string | Buffer; cert: string | Buffer } | undefined;
  /** Called with each request as it is settled, before its answer is sent; it must not throw. */
  onRequest?: ((request: SeenRequest) => void) | undefined;
  /** How long the fault `slow` stalls, beyond the latency; default 30,000. */
  slowMs?: number | undefined;
  /** Sent as Retry-After with the fault `429`; default not sent. */
  retryAfterSeconds?: number | undefined;
  /** Milliseconds since the Unix epoch; default the system's clock. */
  now?: (() => number) | undefined;
}

/** A stand-in of the API that is listening. */
export interface Sandbox extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** Where the API begins: what a client takes as its `apiUrl`. */
  readonly apiUrl: string;
  /** A token it takes; it takes every other of that form too. */
  readonly token: string;
  readonly accounts: readonly string[];
  /** Every request that is settled, in the order in which they arrived. */
  readonly requests: readonly SeenRequest[];
  /** Every image it has taken, in the order in which it took them. */
  readonly assets: readonly Asset[];
  /** The most uploads that were being served at once so far. */
  readonly maxInFlight: number;
  /** Cuts every connection and stops listening; promptly, whatever is under way. */
  close(): Promise<void>;
}

/**
 * Starts a stand-in of the API, strict to its documentation, which fails as it is told to.
 * Rejects with a RangeError for options that make no sense, and with Node's error where it cannot listen.
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
  const assets = new Assets(seed);
  const faultPlan = createFaultPlan(faults, seed);
  const circumstances = { api, assets, faultPlan, retryAfterSeconds, slowMs, now };
  const log = new RequestLog(onRequest);
  const serving = new Set<Promise<void>>();
  let inFlight = 0;
  let maxInFlight = 0;

  const server: Server = tls ? createTlsServer(tls) : createServer();
  // However long an upload takes, it is the client's patience that is to end it.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  const connections = new Connections(server);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const settle = log.arrive();
    const connection = connections.of(request.socket);
    const route = findRoute(method, path);
    const account = route.kind === 'upload' ? decodeAccount(route.segment) : undefined;
    const uploads = route.kind === 'upload' ? 1 : 0;
    inFlight += uploads;
    maxInFlight = Math.max(maxInFlight, inFlight);

    const {
      body,
      fault,
      answer,
      send = sendWhole,
      stallMs = 0,
    } = await reachVerdict(route, request, circumstances);
    if (answer) await wait(latencyMs + stallMs, connection.gone);
    const isAnswered = answer !== undefined && request.socket.writable;
    inFlight -= uploads;
    settle({
      method,
      path,
      headers,
      ...(account === undefined ? {} : { account }),
      bodySize: body.size,
      ...(body.sha256 === undefined ? {} : { sha256: body.sha256 }),
      status: isAnswered ? answer.status : undefined,
      ...(fault === undefined ? {} : { fault }),
      connection: connection.ordinal,
    });
    if (isAnswered) send(response, answer);
    else connection.tcp.resetAndDestroy();
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const task = serve(request, response).finally(() => serving.delete(task));
    serving.add(task);
  });

  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const origin = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;

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
      return log.settled;
    },
    assets: assets.all,
    get maxInFlight() {
      return maxInFlight;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

// Node's timers fire at once beyond 31 bits.
const longestDelayMs = 1_000_000_000;

function assertDelay(name: string, delayMs: number): void {
  if (delayMs >= 0 && delayMs <= longestDelayMs) return;
  throw new RangeError(`${name} is ${delayMs}: it must be from 0 to ${longestDelayMs} milliseconds`);
}

async function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  // Rejects only because the connection is gone, which the caller sees on the socket.
  if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => {});
}
