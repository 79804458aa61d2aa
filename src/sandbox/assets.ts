import { createHash } from 'node:crypto';
import { type Answer, errorAnswer, jsonAnswer } from './answer.ts';
import { type ContentType, matchesContentType, type Pixels, readPixels } from './image.ts';

/** Which field of an answer holds the reference: `imageRef` (legacy), `assetRef` (current) or both. */
export type ApiRevision = 'legacy' | 'current' | 'both';

/** An image that the sandbox has accepted. */
export interface Asset {
  readonly imageRef: string;
  readonly account: string;
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** An upload that was read to its end. */
export interface Upload {
  readonly account: string;
  readonly contentType: ContentType;
  /** In bytes. */
  readonly size: number;
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
  /** Undefined if there are more than {@link maxImageBytes}. */
  readonly bytes: Buffer | undefined;
}

/** The largest image that is accepted. */
export const maxImageBytes = 10_485_760;

/** Checks uploads and keeps those that it accepts. */
export class AssetStore {
  /** In the order in which they were accepted. */
  readonly assets: Asset[] = [];
  readonly #api: ApiRevision;
  readonly #seed: number;

  /** @param seed decides the references */
  constructor(api: ApiRevision, seed: number) {
    this.#api = api;
    this.#seed = seed;
  }

  /** Accepts an upload, or answers what is wrong with it. */
  accept({ account, contentType, size, sha256, bytes }: Upload): Answer {
    if (size === 0) {
      return errorAnswer(400, 'Image is empty');
    }
    if (bytes === undefined) {
      return errorAnswer(400, `Image is too large: ${size} bytes, the limit is ${maxImageBytes}`);
    }
    if (!matchesContentType(bytes, contentType)) {
      return errorAnswer(400, `Image does not match its Content-Type (${contentType})`);
    }
    const pixels = readPixels(bytes, contentType);
    if (!pixels) {
      return errorAnswer(400, 'Image is damaged: its width and height cannot be read');
    }
    const imageRef = this.#createReference(account, size, pixels);
    this.assets.push({ imageRef, account, sha256, size });
    return jsonAnswer(200, {
      ...(this.#api === 'current' ? {} : { imageRef }),
      ...(this.#api === 'legacy' ? {} : { assetRef: imageRef }),
      account,
      ...pixels,
      size,
    });
  }

  /** Counts the assets into the reference, because the same bytes get a new one each time. */
  #createReference(account: string, size: number, { width, height }: Pixels): string {
    const id = createHash('sha256').update(`${this.#seed}/${this.assets.length}`).digest('hex').slice(0, 32);
    return `${account}-image:w${width}:h${height}:s${size}-uri:tos-sandbox/${id}`;
  }
}
