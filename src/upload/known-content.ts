import { describeErrno } from '../errno.ts';
import { untilAborted } from '../until-aborted.ts';
import type { Manifest, RememberedUpload } from './manifest.ts';
import type { Outcome, UploadedOutcome } from './record.ts';

/** How a file gets its reference. */
interface ContentUse {
  /** The edits of its source, as a key; undefined if it was not to be converted. */
  readonly recipe: string | undefined;
  readonly reuse: (known: RememberedUpload) => Outcome;
  readonly send: () => Promise<Outcome>;
}

/** Sends no content twice: neither what the manifest knows nor what this run is sending already. */
export class KnownContent {
  readonly #manifest: Pick<Manifest, 'find' | 'add'>;
  /** The uploads in flight, by the SHA-256 of their content. */
  readonly #inFlight = new Map<string, Promise<Outcome>>();

  readonly #abandoned: AbortSignal;

  /** @param abandoned ends the wait for the disk: a reference is then settled although it may not be in the manifest */
  constructor(manifest: Pick<Manifest, 'find' | 'add'>, abandoned: AbortSignal) {
    this.#manifest = manifest;
    this.#abandoned = abandoned;
  }

  /**
   * Settles one file: by the reference that its content has already, or else by sending it and remembering its
   * reference.
   *
   * @param sha256 of the content, in lower-case hex
   */
  async settle(sha256: string, { recipe, reuse, send }: ContentUse): Promise<Outcome> {
    // The upload in flight may fail; then one of the files that waited is sent itself.
    while (this.#inFlight.has(sha256)) {
      await this.#inFlight.get(sha256);
    }
    const known = this.#manifest.find(sha256);
    if (known !== undefined) {
      return reuse(known);
    }
    const sending = send().then((outcome): Outcome | Promise<Outcome> =>
      outcome.status === 'uploaded' ? this.#remember(outcome, recipe) : outcome,
    );
    this.#inFlight.set(sha256, sending);
    try {
      return await sending;
    } finally {
      this.#inFlight.delete(sha256);
    }
  }

  /** Writes a reference to the manifest before anyone sees it. If that fails, the reference is still good. */
  async #remember(outcome: UploadedOutcome, recipe: string | undefined): Promise<UploadedOutcome> {
    try {
      await untilAborted(this.#manifest.add(outcome, recipe), this.#abandoned);
      return outcome;
    } catch (error) {
      const warning = this.#abandoned.aborted
        ? 'it may be missing from the manifest: the disk did not respond in time'
        : `it could not be written to the manifest: ${describeErrno(error)}`;
      return { ...outcome, warnings: [...(outcome.warnings ?? []), warning] };
    }
  }
}
