import { ConfigError, UploadError } from '../errors.ts';
import type { Credentials } from '../network/credentials.ts';
import { spellingsOf } from '../secrets.ts';
import { isAccount } from '../settings/identity.ts';
import { type Account, readAccountsAnswer } from './accounts.ts';
import { type Answer, readUploadAnswer, type UploadedAsset } from './answer.ts';
import { readBody } from './body.ts';
import { Connections } from './connections.ts';
import { toNetworkError } from './network-error.ts';

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

/** An image as it goes out. */
export interface ImageUpload {
  readonly bytes: Uint8Array;
  /** `image/jpeg`, `image/png` or `image/webp`. */
  readonly contentType: string;
  /** `REGION:email`. */
  readonly account: string;
}

/** Speaks the Dreamina assets API of useapi.net: one attempt a call, no retries. */
export class DreaminaClient {
  readonly #options: ClientOptions;
  readonly #url: URL;
  readonly #connections: Connections;
  readonly #tokenSpellings: RegExp | string;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { credentials, proxyUrl, ca } = options;
    this.#tokenSpellings = spellingsOf(credentials.token ?? '');
    this.#url = new URL(credentials.apiUrl);
    this.#connections = new Connections({ origin: this.#url.origin, proxyUrl, ca });
  }

  /**
   * Uploads one image and returns its reference.
   *
   * @param onSent called as parts of the image leave this process, with their size in bytes
   * @throws UploadError for every failure of the upload, or the signal's reason when it was aborted
   * @throws ConfigError if the account does not have the form of one
   */
  async upload(
    image: ImageUpload,
    signal?: AbortSignal,
    onSent?: (bytes: number) => void,
  ): Promise<UploadedAsset> {
    // `encodeURIComponent` keeps `..`, which would change the path.
    if (!isAccount(image.account)) {
      throw new ConfigError('account must be REGION:email, such as US:name@example.com');
    }
    const answer = await this.#exchange(
      {
        method: 'POST',
        path: `/assets/${encodeURIComponent(image.account)}`,
        headers: { 'content-type': image.contentType },
        body: image.bytes,
        onSent,
      },
      signal,
    );
    return readUploadAnswer(
      answer,
      { account: image.account, sizeBytes: image.bytes.length },
      this.#options.now(),
    );
  }

  /**
   * Lists the accounts that are configured under the token; reading them has no side effects.
   *
   * @throws UploadError for every failure, or the signal's reason when it was aborted
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
   * @throws UploadError where no answer came, or the signal's reason when it was aborted
   */
  async ping(signal?: AbortSignal): Promise<number> {
    const { status } = await this.#exchange({ method: 'GET', path: '/accounts' }, signal);
    return status;
  }

  /** Closes idle connections. A client may be used again afterwards. */
  async close(): Promise<void> {
    this.#connections.close();
  }

  /** One request and its whole answer, or the UploadError that stands for why there is none. */
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
      const body = await readBody(response.body, singleHeader(response.headers['content-encoding']));
      // A deadline in the middle of the body ends the reading, and what was read does not count as an answer.
      if (ended !== undefined) {
        throw ended;
      }
      // After a refusal part of our body may still clog the connection; only a clean answer leaves it clean.
      const accepted = response.statusCode >= 200 && response.statusCode < 300;
      reusable = accepted && body.ending === 'whole' && unsentBytes === 0;
      // Redact the token before returning: servers may echo request headers.
      const location = singleHeader(response.headers.location);
      return {
        status: response.statusCode,
        headers: {
          ...response.headers,
          ...(location !== undefined && { location: this.#redact(location) }),
        },
        text: this.#redact(body.text),
        ending: body.ending,
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

  /** Replaces the token in a server's text, however it is spelled. */
  #redact(text: string): string {
    return text.replaceAll(this.#tokenSpellings, '[token]');
  }
}

function timedOut(timeoutMs: number): UploadError {
  return new UploadError('timeout', `no complete answer within ${timeoutMs / 1000} s`);
}

function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
