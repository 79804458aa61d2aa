import type { IncomingHttpHeaders } from 'node:http';
import { accounts, decodeAccount, isAuthorized } from './accounts.ts';
import { type Answer, errorAnswer, jsonAnswer, unauthorized } from './answers.ts';
import type { Assets } from './assets.ts';
import type { WholeBody } from './body.ts';
import { type ContentType, contentTypes, isContentType, matchesContentType, readPixels } from './image.ts';

/** Which name the reference has in the answer: `imageRef` (legacy), `assetRef` (current) or both. */
export type ApiRevision = 'legacy' | 'current' | 'both';

/** The most bytes an image may have. */
export const imageLimitBytes = 10_485_760;

/** An upload whose path and headers are in order. */
export interface UploadHead {
  readonly account: string;
  readonly contentType: ContentType;
}

/** Judges an upload by its path and headers alone: what it is, or the answer that refuses it. */
export function readUploadHead(segment: string, headers: IncomingHttpHeaders): UploadHead | Answer {
  if (!isAuthorized(headers.authorization)) return unauthorized();
  if (/[:@]/.test(segment)) {
    return errorAnswer(400, 'The account must be percent-encoded as one path segment, ":" and "@" included');
  }
  const account = decodeAccount(segment);
  if (account === undefined) return errorAnswer(400, 'The account is not valid percent-encoding');
  if (!accounts.some((known) => known === account)) {
    return errorAnswer(404, `Unable to find configuration for account ${account}`);
  }
  const contentType = headers['content-type'];
  if (!isContentType(contentType)) {
    const given = contentType ?? 'none';
    return errorAnswer(
      400,
      `Content-Type (${given}) not supported. Valid values: ${contentTypes.join(', ')}`,
    );
  }
  return { account, contentType };
}

/** Takes the image in a body, or says why not. */
export function acceptUpload(
  { account, contentType }: UploadHead,
  { size, bytes, sha256 }: WholeBody,
  assets: Assets,
  api: ApiRevision,
): Answer {
  if (size === 0) return errorAnswer(400, 'Image is empty');
  if (bytes === undefined) {
    return errorAnswer(400, `Image is too large: ${size} bytes, the limit is ${imageLimitBytes}`);
  }
  if (!matchesContentType(bytes, contentType)) {
    return errorAnswer(400, `Image does not match its Content-Type (${contentType})`);
  }
  const pixels = readPixels(bytes, contentType);
  if (!pixels) return errorAnswer(400, 'Image is damaged: its width and height cannot be read');

  const { imageRef } = assets.add({ account, sha256, size, ...pixels });
  return jsonAnswer(200, {
    ...(api === 'current' ? {} : { imageRef }),
    ...(api === 'legacy' ? {} : { assetRef: imageRef }),
    account,
    ...pixels,
    size,
  });
}
