import type { PendingAsset, PreparedAsset } from '../media/check-asset.ts';

/** The conversions of a batch: each begins while the file before it is sent. */
export class Conversions {
  readonly #draining: AbortSignal;
  readonly #begun = new Map<PendingAsset, Promise<PreparedAsset>>();

  /** @param draining aborted when nothing new may start */
  constructor(draining: AbortSignal) {
    this.#draining = draining;
  }

  /** Begins the conversion of the asset whose turn is next, if it needs one. */
  begin(asset: PendingAsset | undefined): void {
    if (asset?.fitting === undefined || this.#begun.has(asset) || this.#draining.aborted) {
      return;
    }
    const preparing = asset.prepare(this.#draining);
    this.#begun.set(asset, preparing);
    // A failure is reported when its turn comes.
    preparing.catch(() => {});
  }

  /** The asset whose turn has come, converted; rejects with a FileError if that failed. */
  take(asset: PendingAsset): Promise<PreparedAsset> {
    const begun = this.#begun.get(asset);
    this.#begun.delete(asset);
    return begun ?? asset.prepare(this.#draining);
  }
}
