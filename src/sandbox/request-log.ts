import type { IncomingHttpHeaders } from 'node:http';
import type { FaultKind } from './faults.ts';

/** What the sandbox saw of one request, and what it did about it. */
export interface SeenRequest {
  readonly method: string;
  /** As it was sent, still percent-encoded. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The account an upload names, decoded. */
  readonly account?: string;
  /** Bytes of the body that were read. */
  readonly bodySize: number;
  /** Hex, of the body, when it was read whole. */
  readonly sha256?: string;
  /** Undefined where no answer was sent: the sandbox reset the connection, or the client was gone. */
  readonly status: number | undefined;
  readonly fault?: FaultKind;
  /** Which connection it came on: 1 for the first one opened, and so on. */
  readonly connection: number;
}

/** Remembers requests in the order in which they arrived, each from when it is settled. */
export class RequestLog {
  readonly #arrived: (SeenRequest | undefined)[] = [];
  readonly #onRequest: ((request: SeenRequest) => void) | undefined;

  constructor(onRequest: ((request: SeenRequest) => void) | undefined) {
    this.#onRequest = onRequest;
  }

  /** The requests that are settled. */
  get settled(): readonly SeenRequest[] {
    return this.#arrived.filter((request) => request !== undefined);
  }

  /** Keeps a place for a request that has just arrived; call what it returns once, when the request is settled. */
  arrive(): (request: SeenRequest) => void {
    const place = this.#arrived.push(undefined) - 1;
    return (request) => {
      this.#arrived[place] = request;
      this.#onRequest?.(request);
    };
  }
}
