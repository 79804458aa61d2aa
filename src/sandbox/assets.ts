import { createHash } from 'node:crypto';
import type { Pixels } from './image.ts';

/** An image the sandbox has taken. */
export interface Asset {
  readonly imageRef: string;
  readonly account: string;
  /** Hex, of the bytes. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** Everything uploaded to one server, in the order in which it was taken. */
export class Assets {
  readonly all: Asset[] = [];
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Takes an image and gives it a reference of its own, even where the same bytes were taken before. */
  add(image: Omit<Asset, 'imageRef'> & Pixels): Asset {
    const { account, width, height, size, sha256 } = image;
    const id = createHash('sha256').update(`${this.#seed}/${this.all.length}`).digest('hex').slice(0, 32);
    const imageRef = `${account}-image:w${width}:h${height}:s${size}-uri:tos-sandbox/${id}`;
    const asset = { imageRef, account, sha256, size };
    this.all.push(asset);
    return asset;
  }
}
