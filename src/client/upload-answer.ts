import {
  type Answer,
  type Fields,
  isSuccess,
  parseObject,
  type Redact,
  serverWords,
  shorten,
  textOf,
  trimmed,
} from './answer.ts';
import { createBadResponse, createHttpError } from './http-error.ts';
import { findAccount, isReference, parseAssetRef } from './reference.ts';

/** An asset as the service stores it. */
export interface UploadedAsset {
  readonly assetRef: string;
  /** The same reference; images only. */
  readonly imageRef?: string;
  /** `REGION:email`. */
  readonly account: string;
  /** Pixels; absent if neither the answer nor the reference says. */
  readonly width?: number;
  /** Pixels. */
  readonly height?: number;
  /** Videos and audio. */
  readonly durationMs?: number;
  /** Mismatches in an answer whose reference is usable, a sentence each. */
  readonly warnings: readonly string[];
}

/** The upload that an answer is checked against. */
export interface SentUpload {
  /** `REGION:email`. */
  readonly account: string;
  readonly sizeBytes: number;
}

/**
 * Finds the reference in the answer to an upload. The first revision of the API calls it `imageRef`, every later one
 * `assetRef`: both are accepted, the newer name first.
 *
 * @throws ApiError if there is none
 */
export function readUploadAnswer(answer: Answer, sent: SentUpload): UploadedAsset {
  if (!isSuccess(answer.status)) {
    throw createHttpError('upload', answer);
  }
  const body = parseObject(answer.text);
  const assetRef = [body?.assetRef, body?.imageRef].find(isReference);
  if (assetRef === undefined) {
    throw createBadResponse(answer, 'reference');
  }
  const reference = parseAssetRef(assetRef);
  const width = positive(body?.width) ?? reference?.width;
  const height = positive(body?.height) ?? reference?.height;
  const durationMs = positive(body?.duration) ?? reference?.durationMs;
  return {
    assetRef,
    ...(reference?.type === 'image' && { imageRef: assetRef }),
    account: textOf(body?.account) ?? findAccount(assetRef, sent.account) ?? sent.account,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(durationMs !== undefined && { durationMs }),
    warnings: collectWarnings(body, reference?.sizeBytes, sent, answer.redact),
  };
}

function collectWarnings(
  body: Fields | undefined,
  referenceSizeBytes: number | undefined,
  sent: SentUpload,
  redact: Redact,
): string[] {
  const warnings: string[] = [];
  const sizeBytes = Number.isFinite(body?.size) ? (body!.size as number) : referenceSizeBytes;
  if (sizeBytes !== undefined && sizeBytes !== sent.sizeBytes) {
    warnings.push(`the server received ${sizeBytes} bytes, but ${sent.sizeBytes} were sent`);
  }
  const account = trimmed(body?.account);
  if (account !== '' && account !== sent.account) {
    warnings.push(`the answer is for account ${shorten(account, redact)}, not ${sent.account}`);
  }
  const words = serverWords(body, redact);
  if (words !== undefined) {
    warnings.push(`the server also says: ${words}`);
  }
  return warnings;
}

function positive(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
}
