import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { ConfigError } from '../errors.ts';
import type { Credentials } from '../network/credentials.ts';
import { Secrets } from '../secrets.ts';
import { isAccount } from '../settings/identity.ts';
import { userAgent } from '../version.ts';
import { type Account, readAccountsAnswer } from './accounts-answer.ts';
import { type Answer, headerOf, isSuccess } from './answer.ts';
import { type Connection, Connections } from './connections.ts';
import { toNetworkError } from './network-error.ts';
import { ProgressDeadline } from './progress-deadline.ts';
import { type AnswerBody, readAnswerBody } from './read-answer-body.ts';
import { readUploadAnswer, type UploadedAsset } from './upload-answer.ts';

/** How a client reaches the API. */
export interface ClientOptions {
  /** The server, and the token for it; requests without a token carry none. */
  readonly credentials: Credentials;
  /** How long an attempt may go without progress: to connect, to send more, to get the whole answer. */
  readonly timeoutMs: number;
  /** An HTTP proxy to tunnel through. */
  readonly proxyUrl?: URL | undefined;
  /** PEM certificates of the authorities to trust instead of Node's own. */
  readonly ca?: string | undefined;
  /** Milliseconds since the Unix epoch; a `Retry-After` date is compared with it. */
  readonly now: () => number;
}

/** One asset to send. */
export interface AssetUpload {
  readonly bytes: Uint8Array;
  /** Such as `image/png`. */
  readonly contentType: string;
  /** `REGION:email`. */
  readonly account: string;
}

/** One request to the API. */
interface Request {
  readonly method: 'GET' | 'POST';
  /** Below the `apiUrl`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly onSent?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A client of the Dreamina assets API of useapi.net: one attempt per call, no retries. */
export class ApiClient {
  readonly #options: ClientOptions;
  readonly #url: URL;
  readonly #connections: Connections;
  readonly #secrets = new Secrets();

  constructor(options: ClientOptions) {
    this.#options = options;
    const { credentials } = options;
    if (credentials.token !== undefined) {
      this.#secrets.addToken(credentials.token);
    }
    this.#url = new URL(credentials.apiUrl);
    this.#connections = new Connections({ ...options, origin: this.#url.origin });
  }

  /**
   * Uploads one asset and returns its reference.
   *
   * @param onSent called with the number of bytes as each part leaves this process
   * @throws ApiError for every failure of the request, or the signal's reason when it was aborted
   * @throws ConfigError if the account is malformed
   */
  async upload(
    asset: AssetUpload,
    signal?: AbortSignal,
    onSent?: (bytes: number) => void,
  ): Promise<UploadedAsset> {
    // `encodeURIComponent` keeps `..`, which would change the path.
    if (!isAccount(asset.account)) {
      throw new ConfigError('account must be REGION:email, such as US:name@example.com');
    }
    const answer = await this.#exchange({
      method: 'POST',
      path: `/assets/${encodeURIComponent(asset.account)}`,
      headers: { 'content-type': asset.contentType },
      body: asset.bytes,
      onSent,
      signal,
    });
    return readUploadAnswer(answer, { account: asset.account, sizeBytes: asset.bytes.length });
  }

  /**
   * Lists the accounts that are configured under the token; reading them has no side effects.
   *
   * @throws ApiError for every failure, or the signal's reason when it was aborted
   */
  async listAccounts(signal?: AbortSignal): Promise<readonly Account[]> {
    return readAccountsAnswer(await this.#exchange({ method: 'GET', path: '/accounts', signal }));
  }

  /**
   * Resolves with the HTTP status of the service's answer, whatever it is.
   *
   * @throws ApiError if no answer came, or the signal's reason when it was aborted
   */
  async ping(signal?: AbortSignal): Promise<number> {
    const { status } = await this.#exchange({ method: 'GET', path: '/accounts', signal });
    return status;
  }

  /** Closes idle connections. A client may be used again afterwards. */
  async close(): Promise<void> {
    this.#connections.close();
  }

  /** One request and its whole answer, or the ApiError that says why there is none. */
  async #exchange(request: Request): Promise<Answer> {
    let reportedBytes = 0;
    const progress = (sentBytes: number) => {
      // Bytes that are resent on a new connection are not reported again.
      if (sentBytes > reportedBytes) {
        request.onSent?.(sentBytes - reportedBytes);
        reportedBytes = sentBytes;
      }
    };
    const answer = await this.#send(request, this.#connections.take(), progress);
    // `#send` returns undefined only for a reused connection.
    return answer ?? (await this.#send(request, this.#connections.takeNew(), progress))!;
  }

  /**
   * Sends a request on one connection. Returns undefined if the connection was idle and the server was closing it, or
   * answered that it had waited too long: the request must then be sent on a new one.
   *
   * @param progress called with the number of bytes sent so far
   */
  async #send(
    request: Request,
    connection: Connection,
    progress: (sentBytes: number) => void,
  ): Promise<Answer | undefined> {
    const { signal } = request;
    if (signal !== undefined) {
      // Each request in flight listens, and Node takes more than ten listeners for a leak.
      setMaxListeners(0, signal);
    }
    const bodyBytes = request.body?.length ?? 0;
    let sentBytes = 0;
    let ended: unknown;
    // undici honours its own signal and timeouts in some phases only; destroying the connection ends every phase.
    const end = (reason: unknown) => {
      ended ??= reason;
      connection.destroy();
    };
    const onAbort = () => end(signal?.reason);
    const { timeoutMs, proxyUrl } = this.#options;
    const proxyHost = this.#url.protocol === 'https:' ? proxyUrl?.host : undefined;
    const deadline = new ProgressDeadline({ timeoutMs, bodyBytes, proxyHost, onExpired: end });
    let isReusable = false;
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', onAbort, { once: true });
      const response = await connection.request(this.#toUndiciRequest(request), {
        onConnecting: () => {
          sentBytes = 0;
          deadline.connecting();
        },
        onConnected: () => deadline.connected(),
        onSent: (bytes) => {
          sentBytes += bytes;
          deadline.sent(bytes);
          try {
            progress(sentBytes);
          } catch (error) {
            // The caller's callback has failed; nothing above this frame would catch that.
            end(error);
          }
        },
      });
      if (response.statusCode === 408 && connection.isReused) {
        // The server meant the time before this request, in which the connection was idle (RFC 9110, 15.5.9).
        return undefined;
      }
      const body = await readAnswerBody(response.body, headerOf(response.headers, 'content-encoding'));
      // If the deadline passed in the middle of the body, discard what was read.
      if (ended !== undefined) {
        throw ended;
      }
      // After a refusal, the server may not have read all of our body, so only a success leaves the connection
      // reusable.
      isReusable = isSuccess(response.statusCode) && body.ending === 'whole' && sentBytes === bodyBytes;
      return this.#toAnswer(response, body);
    } catch (error) {
      if (ended === undefined && connection.wasClosing(error)) {
        return undefined;
      }
      throw ended ?? (signal?.aborted ? signal.reason : toNetworkError(error, this.#url.host));
    } finally {
      deadline.stop();
      signal?.removeEventListener('abort', onAbort);
      if (isReusable) {
        this.#connections.giveBack(connection);
      } else {
        connection.destroy();
      }
    }
  }

  #toUndiciRequest({ method, path, headers, body }: Request): Dispatcher.RequestOptions {
    const { token } = this.#options.credentials;
    return {
      method,
      path: `${this.#url.pathname.replace(/\/$/, '')}${path}`,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': userAgent,
        ...headers,
      },
      body: body ?? null,
    };
  }

  /** Redacts the token: servers may echo request headers. */
  #toAnswer({ statusCode, headers }: Dispatcher.ResponseData, { text, ending }: AnswerBody): Answer {
    return {
      status: statusCode,
      headers,
      text: this.#secrets.maskData(text),
      ending,
      receivedAtMs: this.#options.now(),
      redact: (words) => this.#secrets.mask(words),
    };
  }
}
