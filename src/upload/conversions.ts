import type { CheckedAsset, PendingAsset } from '../media/check-asset.ts';
import type { AcceptableFile } from './checked-file.ts';
import type { UploadEvent } from './event.ts';

/** The conversions of a batch: each begins while the file before it is sent. */
export class Conversions {
  readonly #draining: AbortSignal;
  readonly #onEvent: (event: UploadEvent) => void;
  readonly #begun = new Map<PendingAsset, Promise<CheckedAsset>>();

  /** @param draining aborted when nothing new may start */
  constructor(draining: AbortSignal, onEvent: (event: UploadEvent) => void) {
    this.#draining = draining;
    this.#onEvent = onEvent;
  }

  /** Begins the conversion of the file whose turn is next, if it needs one. */
  begin(file: AcceptableFile | undefined): void {
    const pending = file?.check.asset;
    if (pending?.fitting === undefined || this.#begun.has(pending) || this.#draining.aborted) {
      return;
    }
    const opening = this.#open(file!);
    this.#begun.set(pending, opening);
    // A failure is reported when its turn comes.
    opening.catch(() => {});
  }

  /** The asset of the file whose turn has come; rejects with a FileError if the conversion failed. */
  take(file: AcceptableFile): Promise<CheckedAsset> {
    const pending = file.check.asset;
    const begun = this.#begun.get(pending);
    this.#begun.delete(pending);
    return begun ?? this.#open(file);
  }

  #open({ index, path, check }: AcceptableFile): Promise<CheckedAsset> {
    return check.asset.open(this.#draining, (share) =>
      this.#onEvent({ type: 'fitting', index, path, share }),
    );
  }
}
