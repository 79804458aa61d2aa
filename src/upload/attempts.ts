import type { UploadedAsset } from '../client/upload-answer.ts';
import { isOutOfHandles } from '../errno.ts';
import { ApiError } from '../errors.ts';
import type { Clock } from '../host.ts';
import type { ContentType } from '../media/asset-types.ts';
import type { Source } from '../settings/source.ts';
import { backoffMs } from './backoff.ts';
import type { UploadEvent } from './event.ts';
import type { LoadedFile } from './file-loader.ts';
import type { Outage } from './outage.ts';
import type { Throttle } from './throttle.ts';

/** Sends one asset, once. Rejects with an ApiError, or with the signal's reason. */
export interface Uploader {
  /** @param onSent called with the number of bytes as each part leaves this process */
  upload(
    asset: { readonly bytes: Uint8Array; readonly contentType: ContentType; readonly account: string },
    signal: AbortSignal,
    onSent: (bytes: number) => void,
  ): Promise<UploadedAsset>;
  /** Lists the accounts that the token has; only for advice. */
  listAccounts?(signal: AbortSignal): Promise<readonly { readonly account: string }[]>;
}

/** Where files go, and as whom. */
export interface Destination {
  readonly uploader: Uploader;
  /** `REGION:email`. */
  readonly account: string;
  /** Where the token came from; only for advice. */
  readonly tokenSource?: Source | undefined;
}

/** The result of all attempts on one file. */
export type AttemptsResult =
  | { readonly kind: 'uploaded'; readonly asset: UploadedAsset; readonly attempts: number }
  | {
      readonly kind: 'failed';
      readonly error: ApiError;
      readonly attempts: number;
      /** Whether neither this file nor any other reached the host during these attempts. */
      readonly isOutage: boolean;
    }
  /** The batch was stopped first. */
  | { readonly kind: 'cancelled'; readonly attempts: number };

/** The state that the attempts of a batch share. */
export interface AttemptsContext extends Destination {
  readonly throttle: Throttle;
  readonly outage: Outage;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Attempts after the first, from 0. */
  readonly retries: number;
  /** Aborted when nothing new may start. */
  readonly draining: AbortSignal;
  /** Aborted when uploads in flight must end too. */
  readonly stopped: AbortSignal;
  readonly onEvent: (event: UploadEvent) => void;
}

/** How long a file waits for others to close their connections when no more can be opened. */
const handleWaitMs = 250;

/** Sends one file, with retries. */
export async function attemptUpload(file: LoadedFile, context: AttemptsContext): Promise<AttemptsResult> {
  const { throttle, outage, clock, draining, stopped } = context;
  const reachedBefore = outage.reachedCount;
  let attempts = 0;
  while (await throttle.enter()) {
    attempts += 1;
    let waitMs: number | undefined;
    try {
      const asset = await attempt(file, attempts, context);
      throttle.speedUp();
      outage.end();
      return { kind: 'uploaded', asset, attempts };
    } catch (error) {
      if (stopped.aborted) {
        return { kind: 'cancelled', attempts };
      }
      if (!(error instanceof ApiError)) {
        throw error;
      }
      if (isOutOfHandles(error) && throttle.inFlight > 1 && !draining.aborted) {
        waitMs = waitForHandles(file, attempts, error, context);
        attempts -= 1;
      } else {
        waitMs = planRetry(file, attempts, error, context);
      }
      if (waitMs === undefined) {
        const isOutage = error.isUnreachable && outage.reachedCount === reachedBefore;
        return { kind: 'failed', error, attempts, isOutage };
      }
    } finally {
      // Leave only after planRetry, which may pause the batch: the next file must not start before that.
      throttle.leave();
    }
    if (waitMs > 0) {
      await clock.sleep(waitMs, draining);
    }
  }
  return { kind: 'cancelled', attempts };
}

function attempt(
  { index, path, asset, bytes, sha256 }: LoadedFile,
  ordinal: number,
  { uploader, account, stopped, onEvent }: AttemptsContext,
): Promise<UploadedAsset> {
  let unsentBytes = bytes.length;
  onEvent({ type: 'attempt-started', index, path, attempt: ordinal, sizeBytes: bytes.length });
  return uploader.upload({ bytes, contentType: asset.contentType, account }, stopped, (sentBytes) => {
    onEvent({ type: 'bytes-sent', index, path, bytes: sentBytes });
    unsentBytes -= sentBytes;
    if (unsentBytes === 0) {
      // Hashed while the server is at work, so that nothing waits for it.
      void sha256();
    }
  });
}

/**
 * Decides whether another attempt follows a failed one: how long its file waits, in milliseconds; undefined if no
 * attempt follows. After a 429 the throttle makes the whole batch wait instead. A connection that is lost after the
 * body was sent may leave an orphan asset behind. It is retried all the same: the API has no idempotency key, an orphan
 * costs nothing, and a lost reference costs an upload.
 */
function planRetry(
  { index, path }: LoadedFile,
  ordinal: number,
  error: ApiError,
  { retries, random, draining, throttle, outage, onEvent }: AttemptsContext,
): number | undefined {
  const isRetried = error.retryable && ordinal <= retries && !draining.aborted;
  const delayMs = backoffMs(ordinal, error.retryAfterMs, random);
  const retryInMs = isRetried ? delayMs : undefined;
  onEvent({ type: 'attempt-failed', index, path, attempt: ordinal, error, retryInMs });
  if (!error.isUnreachable) {
    outage.end();
  } else if (outage.begin() && isRetried) {
    onEvent({ type: 'host-unreachable', error, retries: retries - ordinal + 1 });
  }
  if (error.code === 'timeout') {
    onEvent({ type: 'batch-slowed', concurrency: throttle.slowDown() });
  }
  if (error.code === 'rate_limited') {
    throttle.pause(delayMs);
    onEvent({ type: 'batch-paused', delayMs });
    return isRetried ? 0 : undefined;
  }
  return retryInMs;
}

/** An attempt that could not open its connection, because the others have too many open, does not count. */
function waitForHandles(
  { index, path }: LoadedFile,
  ordinal: number,
  error: ApiError,
  { throttle, onEvent }: AttemptsContext,
): number {
  onEvent({ type: 'attempt-failed', index, path, attempt: ordinal, error, retryInMs: handleWaitMs });
  onEvent({ type: 'batch-slowed', concurrency: throttle.giveUpPlace() });
  return handleWaitMs;
}
