import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';

/** Answers one upload as the test says; the body of `request` has been read, unless `drain` is false. */
export type Respond = (
  response: ServerResponse,
  request: IncomingMessage,
  ordinal: number,
) => void | Promise<void>;

/** A server whose answers the test gives, for answers that the sandbox never gives. */
export interface RawServer {
  readonly apiUrl: string;
  /** How many requests have arrived. */
  readonly count: () => number;
  /** Resolves when that many requests have arrived. */
  readonly received: (requests: number) => Promise<void>;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts one on loopback for the length of the test. */
export async function rawServer(respond: Respond, options: { drain?: boolean } = {}): Promise<RawServer> {
  let count = 0;
  const server = createServer(async (request, response) => {
    const ordinal = count;
    count += 1;
    if (options.drain !== false) {
      for await (const _ of request) {
        // The body does not matter here.
      }
    }
    await respond(response, request, ordinal);
  });
  const apiUrl = `http://127.0.0.1:${await listen(server)}/v1/dreamina`;
  return {
    apiUrl,
    count: () => count,
    received: async (requests) => {
      while (count < requests) {
        await once(server, 'request');
      }
    },
    env: envFor(apiUrl),
  };
}

/** The environment that points the command at a server. */
export function envFor(apiUrl: string) {
  return {
    DREAMINA_API_URL: apiUrl,
    DREAMINA_TOKEN: 'user:1234-abcdef',
    DREAMINA_ACCOUNT: 'US:name@example.com',
  };
}

/** Answers with a JSON body. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Answers every request with that JSON. */
export function answering(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Respond {
  return (response) => sendJson(response, status, body, headers);
}

/** Answers every request with those bytes. */
export function answeringBytes(
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
): Respond {
  return (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** A well-formed reference. */
export const exampleReference =
  'US:name@example.com-image:w685:h900:s86866-uri:tos-useast5-i-wopfjsm1ax-tx/3605b150c6b949f5acea2eac3ca59544';
