import { ApiError, ConfigError } from '../errors.ts';
import type { Credentials } from '../network/credentials.ts';
import { Secrets } from '../secrets.ts';
import { isAccount } from '../settings/identity.ts';
import { type Account, readAccountsAnswer } from './accounts-answer.ts';
import { type Answer, headerOf, isSuccess } from './answer.ts';
import { Connections } from './connections.ts';
import { toNetworkError } from './network-error.ts';
import { readAnswerBody } from './read-answer-body.ts';
import { readUploadAnswer, type UploadedAsset } from './upload-answer.ts';

/** How a client reaches the API. */
export interface ClientOptions {
  /** The server, and the token for it; requests without a token carry none. */
  readonly credentials: Credentials;
  /** Limit of one attempt, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Sent as `User-Agent`. */
  readonly userAgent: string;
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

/** Speaks the Dreamina assets API of useapi.net: one attempt a call, no retries. */
export class DreaminaClient {
  readonly #options: ClientOptions;
  readonly #url: URL;
  readonly #connections: Connections;
  readonly #secrets = new Secrets();

  constructor(options: ClientOptions) {
    this.#options = options;
    const { credentials, proxyUrl, ca } = options;
    if (credentials.token !== undefined) {
      this.#secrets.addToken(credentials.token);
    }
    this.#url = new URL(credentials.apiUrl);
    this.#connections = new Connections({ origin: this.#url.origin, proxyUrl, ca });
  }

  /**
   * Uploads one asset and returns its reference.
   *
   * @param onSent called as parts of the bytes leave this process, with their number
   * @throws ApiError for every failure of the request, or the signal's reason when it was aborted
   * @throws ConfigError where the account does not have the form of one
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
    const answer = await this.#exchange(
      {
        method: 'POST',
        path: `/assets/${encodeURIComponent(asset.account)}`,
        headers: { 'content-type': asset.contentType },
        body: asset.bytes,
        onSent,
      },
      signal,
    );
    return readUploadAnswer(
      answer,
      { account: asset.account, sizeBytes: asset.bytes.length },
      this.#options.now(),
    );
  }

  /**
   * Lists the accounts that are configured under the token; reading them has no side effects.
   *
   * @throws ApiError for every failure, or the signal's reason when it was aborted
   */
  async listAccounts(signal?: AbortSignal): Promise<readonly Account[]> {
    return readAccountsAnswer(
      await this.#exchange({ method: 'GET', path: '/accounts' }, signal),
      this.#options.now(),
    );
  }

  /**
   * Whether the service answers at all: resolves with the status of its answer, whatever it is.
   *
   * @throws ApiError where no answer came, or the signal's reason when it was aborted
   */
  async ping(signal?: AbortSignal): Promise<number> {
    const { status } = await this.#exchange({ method: 'GET', path: '/accounts' }, signal);
    return status;
  }

  /** Closes idle connections. A client may be used again afterwards. */
  async close(): Promise<void> {
    this.#connections.close();
  }

  /** One request and its whole answer, or the ApiError that says why there is none. */
  async #exchange(
    request: {
      readonly method: 'GET' | 'POST';
      readonly path: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array;
      readonly onSent?: ((bytes: number) => void) | undefined;
    },
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    signal?.throwIfAborted();
    const { credentials, timeoutMs, userAgent } = this.#options;
    const connection = this.#connections.take();
    let ended: unknown;
    // undici heeds its own signal and timeouts in some phases only; destroying the connection ends every phase.
    const end = (reason: unknown) => {
      ended ??= reason;
      connection.destroy();
    };
    const onAbort = () => end(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const deadline = setTimeout(() => end(timedOut(timeoutMs)), timeoutMs);
    let reusable = false;
    let unsentBytes = request.body?.length ?? 0;
    const onSent = (bytes: number) => {
      unsentBytes -= bytes;
      request.onSent?.(bytes);
    };
    try {
      const response = await connection.request(
        {
          method: request.method,
          path: `${this.#url.pathname.replace(/\/$/, '')}${request.path}`,
          headers: {
            ...(credentials.token !== undefined && { authorization: `Bearer ${credentials.token}` }),
            accept: 'application/json',
            'accept-encoding': 'identity',
            'user-agent': userAgent,
            ...request.headers,
          },
          body: request.body ?? null,
        },
        onSent,
      );
      const body = await readAnswerBody(response.body, headerOf(response.headers, 'content-encoding'));
      // A deadline in the middle of the body ends the reading, and what was read does not count as an answer.
      if (ended !== undefined) {
        throw ended;
      }
      // After a refusal part of our body may still clog the connection; only a clean answer leaves it clean.
      reusable = isSuccess({ status: response.statusCode }) && body.ending === 'whole' && unsentBytes === 0;
      return {
        status: response.statusCode,
        headers: response.headers,
        // Redact the token before returning: servers may echo request headers.
        text: this.#secrets.maskData(body.text),
        ending: body.ending,
        redact: (text) => this.#secrets.mask(text),
      };
    } catch (error) {
      throw ended ?? toNetworkError(error, this.#url.host);
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', onAbort);
      if (reusable) {
        this.#connections.giveBack(connection);
      } else {
        connection.destroy();
      }
    }
  }
}

function timedOut(timeoutMs: number): ApiError {
  return new ApiError('timeout', `no complete answer within ${timeoutMs / 1000} s`);
}
