import { createHash } from 'node:crypto';
import { type Answer, errorAnswer, jsonAnswer } from './answer.ts';
import { checkUpload, type Dimensions, type Upload } from './check-upload.ts';
import { type AssetType, typeOf } from './media/formats.ts';

/**
 * Which revision of the API to speak: `legacy` takes images only and answers with `imageRef`, `current` answers with
 * `assetRef`, and `both` is `current` with `imageRef` beside it for images.
 */
export type ApiRevision = 'legacy' | 'current' | 'both';

/** A file that the sandbox has accepted. */
export interface Asset {
  readonly type: AssetType;
  readonly assetRef: string;
  /** The same reference, for images. */
  readonly imageRef?: string;
  readonly account: string;
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

const base32Digits = '0123456789abcdefghijklmnopqrstuv';

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

  /** Accepts an upload, or returns an answer that explains its fault. */
  accept(upload: Upload): Answer {
    const dimensions = checkUpload(upload);
    if (typeof dimensions === 'string') {
      return errorAnswer(400, dimensions);
    }
    const { account, size, sha256 } = upload;
    const { width, height, durationMs } = dimensions;
    const type = typeOf(upload.contentType);
    const assetRef = this.#createReference(account, type, size, dimensions);
    const imageRef = type === 'image' ? { imageRef: assetRef } : {};
    this.assets.push({ type, assetRef, ...imageRef, account, sha256, size });
    return jsonAnswer(200, {
      ...(this.#api === 'current' ? {} : imageRef),
      ...(this.#api === 'legacy' ? {} : { assetRef }),
      account,
      ...(type === 'image' ? { width, height } : { type, width, height, duration: durationMs }),
      size,
    });
  }

  /** Counts the assets into the reference, because the same bytes get a new one each time. */
  #createReference(account: string, type: AssetType, size: number, dimensions: Dimensions): string {
    const { width, height, durationMs } = dimensions;
    const hash = createHash('sha256').update(`${this.#seed}/${this.assets.length}`).digest();
    const head = `${account}-${type}:w${width}:h${height}:s${size}`;
    if (durationMs === undefined) {
      return `${head}-uri:tos-sandbox/${hash.toString('hex', 0, 16)}`;
    }
    const id = Array.from(hash.subarray(0, 20), (byte) => base32Digits[byte % 32]).join('');
    return `${head}:d${durationMs}-vid:v10762g50003${id}`;
  }
}
