import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { accounts, decodeAccount, describeAccounts, isAuthorized } from './accounts.ts';
import {
  type Answer,
  badGateway,
  errorAnswer,
  jsonAnswer,
  type SendAnswer,
  sendEarly,
  sendTruncated,
  unauthorized,
} from './answer.ts';
import type { ApiRevision, AssetStore } from './assets.ts';
import type { FaultKind } from './faults.ts';
import { type ContentType, contentTypes, limits, typeOf } from './media/formats.ts';

/** The path where the API begins. */
export const apiPath = '/v1/dreamina';

/** The route of a request; `segment` is the account as in the path, still percent-encoded. */
export type Route =
  | { readonly kind: 'upload'; readonly segment: string }
  | { readonly kind: 'other'; readonly answer: Answer };

/** The server state that answers depend on. */
export interface ServerState {
  readonly api: ApiRevision;
  readonly store: AssetStore;
  /** Draws the fault of the next upload to arrive, if any. */
  readonly nextFault: () => FaultKind | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** How long the fault `slow` stalls. */
  readonly slowMs: number;
}

/** A request body, as far as it was read. */
interface Body {
  /** Bytes that were read, also those beyond the limit. */
  readonly size: number;
  /** SHA-256 of the whole body, in hex; undefined if it was not read to its end. */
  readonly sha256?: string;
  /** Undefined if the body was not read to its end, or is larger than the limit. */
  readonly bytes?: Buffer;
}

/** How a request ends. */
export interface Outcome {
  readonly body: Body;
  readonly fault?: FaultKind | undefined;
  /** Undefined if the connection is to be reset. */
  readonly answer?: Answer;
  /** Default: {@link sendWhole}. */
  readonly send?: SendAnswer;
  /** How long the answer stalls, beyond the latency of all answers; default 0. */
  readonly stallMs?: number;
}

/**
 * Finds the route of a request by its raw path. The API has no query: one makes the path unknown.
 *
 * @param ownHost the host that the server listens on; undefined if it answers to any Host header
 * @param nowMs since the Unix epoch
 */
export function findRoute(
  { method = '', url: path = '', headers }: IncomingMessage,
  ownHost: string | undefined,
  nowMs: number,
): Route {
  if (ownHost !== undefined && !isThisMachine(headers.host, ownHost)) {
    const error = `Host (${headers.host ?? 'none'}) not served here: use 127.0.0.1, localhost or [::1]`;
    return { kind: 'other', answer: errorAnswer(421, error) };
  }
  const upload = /^\/v1\/dreamina\/assets\/([^/?#]+)$/.exec(path);
  const isAccounts = path === `${apiPath}/accounts`;
  if (!upload && !isAccounts) {
    return { kind: 'other', answer: errorAnswer(404, `Unknown path: ${path}`) };
  }
  const allow = upload ? 'POST' : 'GET';
  if (method !== allow) {
    const error = `Method ${method} not allowed here: use ${allow}`;
    return { kind: 'other', answer: errorAnswer(405, error, { allow }) };
  }
  if (upload) {
    return { kind: 'upload', segment: upload[1]! };
  }
  const isAllowed = isAuthorized(headers.authorization);
  return { kind: 'other', answer: isAllowed ? jsonAnswer(200, describeAccounts(nowMs)) : unauthorized };
}

/** Reads a request as far as its fault allows and decides how it ends. Draws the fault before any wait. */
export async function handleRequest(
  route: Route,
  request: IncomingMessage,
  state: ServerState,
): Promise<Outcome> {
  return route.kind === 'upload'
    ? handleUpload(route.segment, request, state)
    : skipBody(request, route.answer);
}

/**
 * Whether a Host header names this machine, with any port. A web page can make its own name resolve to 127.0.0.1 (DNS
 * rebinding) and then read what the server answers, but the browser still sends that name.
 */
function isThisMachine(hostHeader: string | undefined, ownHost: string): boolean {
  const [, name] = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(hostHeader?.toLowerCase() ?? '') ?? [];
  const names = ['127.0.0.1', 'localhost', '[::1]', formatHost(ownHost).toLowerCase()];
  return name !== undefined && names.includes(name);
}

/** Formats a host name or address for a URL. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function handleUpload(
  segment: string,
  request: IncomingMessage,
  { api, store, nextFault, retryAfterSeconds, slowMs }: ServerState,
): Promise<Outcome> {
  const head = readUploadHead(segment, request.headers, api);
  if ('status' in head) {
    return skipBody(request, head);
  }

  const fault = nextFault();
  if (fault === 'reset') {
    return { fault, body: { size: 0 } };
  }
  if (fault === 'early-401') {
    return { fault, body: { size: 0 }, answer: unauthorized, send: sendEarly };
  }

  const body = await readBody(request, limits[typeOf(head.contentType)].maxBytes);
  if (body.sha256 === undefined) {
    return { fault, body };
  }
  const accept = () => store.accept({ ...head, size: body.size, sha256: body.sha256!, bytes: body.bytes });
  switch (fault) {
    case '429': {
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { fault, body, answer: errorAnswer(429, 'At capacity, try again later', headers) };
    }
    case '500':
      return { fault, body, answer: errorAnswer(500, 'Internal server error') };
    case '502-html':
      return { fault, body, answer: badGateway };
    case '596':
      return { fault, body, answer: errorAnswer(596, 'Session expired') };
    case 'reset-after-body':
      accept();
      return { fault, body };
    case 'slow':
      return { fault, body, answer: accept(), stallMs: slowMs };
    case 'truncated-json':
      return { fault, body, answer: accept(), send: sendTruncated };
    case undefined:
      return { fault, body, answer: accept() };
  }
}

/** Checks the path and the headers of an upload: its account and type, or the answer that refuses it. */
function readUploadHead(
  segment: string,
  headers: IncomingHttpHeaders,
  api: ApiRevision,
): { readonly account: string; readonly contentType: ContentType } | Answer {
  if (!isAuthorized(headers.authorization)) {
    return unauthorized;
  }
  if (/[:@]/.test(segment)) {
    return errorAnswer(400, 'The account must be percent-encoded as one path segment, ":" and "@" included');
  }
  const account = decodeAccount(segment);
  if (account === undefined) {
    return errorAnswer(400, 'The account is not valid percent-encoding');
  }
  if (!accounts.some((known) => known === account)) {
    return errorAnswer(404, `Unable to find configuration for account ${account}`);
  }
  const given = headers['content-type'];
  const supported = contentTypes.filter((type) => api !== 'legacy' || typeOf(type) === 'image');
  const contentType = supported.find((type) => type === given);
  if (contentType === undefined) {
    const values = supported.join(', ');
    return errorAnswer(400, `Content-Type (${given ?? 'none'}) not supported. Valid values: ${values}`);
  }
  return { account, contentType };
}

/** Reads the body without keeping it, so that the connection can serve the next request. */
async function skipBody(request: IncomingMessage, answer: Answer): Promise<Outcome> {
  return { body: await readBody(request, 0), answer };
}

/** Reads a body to its end but keeps at most `maxBytes` of it; never rejects. */
async function readBody(source: Readable, maxBytes: number): Promise<Body> {
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length;
      hash.update(chunk);
      if (size <= maxBytes) {
        chunks.push(chunk);
      }
    }
  } catch {
    // The client disconnected, or its chunked encoding is broken.
    return { size };
  }
  const sha256 = hash.digest('hex');
  return size <= maxBytes ? { size, sha256, bytes: Buffer.concat(chunks) } : { size, sha256 };
}
