import { describeErrno } from '../errno.ts';
import { untilAborted } from '../until-aborted.ts';
import type { LoadedFile } from './file-loader.ts';
import type { Manifest } from './manifest.ts';
import type { Outcome, UploadedOutcome } from './record.ts';

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
   */
  async settle(file: LoadedFile, send: () => Promise<Outcome>): Promise<Outcome> {
    const sha256 = await file.sha256();
    // The upload in flight may fail; then one of the files that waited is sent itself.
    while (this.#inFlight.has(sha256)) {
      await this.#inFlight.get(sha256);
    }
    const known = this.#manifest.find(sha256);
    if (known !== undefined) {
      const durationMs = file.elapsedMs();
      return { status: 'reused', ...known, ...file.asset.fitting, attempts: 0, durationMs };
    }
    const sending = send().then((outcome): Outcome | Promise<Outcome> =>
      outcome.status === 'uploaded' ? this.#remember(outcome, file.recipe) : outcome,
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
