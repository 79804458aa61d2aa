import { dirname } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { FoundFile } from '../../files/found-file.ts';
import { encodePath } from '../../files/path-bytes.ts';
import { ImageProcesses } from '../../fit/image-processes.ts';
import type { Host } from '../../host.ts';
import type { PendingAsset } from '../../media/check-asset.ts';
import { untilAborted } from '../../until-aborted.ts';
import { type CheckedFile, selectAcceptable } from '../../upload/checked-file.ts';
import type { UploadRecord } from '../../upload/record.ts';
import { Tally } from '../tally.ts';
import { type Card, createCard } from './card.ts';
import { findAddresses } from './file-address.ts';
import { formatPage } from './format-page.ts';
import { findSheetProblem, writeSheet } from './sheet-file.ts';

/** All previews within a sheet together, in bytes. */
const maxPreviewBytes = 16 * 1024 * 1024;

/** More would take too long to make; beyond this, the page shows the files themselves. */
const maxPreviews = 1000;

/** A file without an address is embedded whole if it has at most this many bytes. */
const maxEmbeddedBytes = 512 * 1024;

type SheetHost = Pick<Host, 'signal' | 'clock' | 'platform' | 'env' | 'cores' | 'secrets'>;

/**
 * The contact sheet of `--report`: one HTML file that shows each file beside its reference. Keeps records and previews,
 * never the bytes of a file.
 */
export class ContactSheet {
  readonly #path: string;
  readonly #found: readonly FoundFile[];
  readonly #addresses: ReadonlyMap<FoundFile['source'], string>;
  readonly #imageProcesses: ImageProcesses;
  readonly #host: SheetHost;
  readonly #cards: Card[] = [];
  readonly #tally = new Tally();
  #checked: readonly CheckedFile[] = [];
  /** The first index of each file that is sent. */
  #firstIndexes: ReadonlyMap<CheckedFile['check'], number> = new Map();
  /** Previews of converted images, by index. */
  readonly #fittedPreviews = new Map<number, Buffer>();
  #fittedPreviewBytes = 0;
  #previews = Promise.resolve();
  #previewBytes = 0;
  #previewCount = 0;

  private constructor(
    path: string,
    found: readonly FoundFile[],
    addresses: ReadonlyMap<FoundFile['source'], string>,
    host: SheetHost,
  ) {
    this.#path = path;
    this.#found = found;
    this.#addresses = addresses;
    this.#imageProcesses = new ImageProcesses(host);
    this.#host = host;
  }

  /**
   * @param path absolute
   * @throws UsageError if no sheet can be written there
   */
  static async open(path: string, found: readonly FoundFile[], host: SheetHost): Promise<ContactSheet> {
    const problem = await findSheetProblem(path);
    if (problem !== undefined) {
      throw new UsageError(`--report ${path}: ${problem}`);
    }
    const addresses = await findAddresses(found, dirname(path), host.platform);
    return new ContactSheet(path, found, addresses, host);
  }

  /** Call with every file once all are checked. */
  checked(files: readonly CheckedFile[]): void {
    this.#checked = files;
    this.#firstIndexes = new Map(selectAcceptable(files).map(({ check, index }) => [check, index]));
  }

  /** Call with each converted image while it exists, before its record. */
  async fitted(index: number, path: string): Promise<void> {
    if (this.#fittedPreviews.size >= maxPreviews || this.#fittedPreviewBytes >= maxPreviewBytes) {
      return;
    }
    const preview = await this.#imageProcesses.preview(path, this.#host.signal).catch(() => undefined);
    if (preview !== undefined) {
      this.#fittedPreviewBytes += preview.length;
      this.#fittedPreviews.set(index, preview);
    }
  }

  /**
   * Call for all records, in input order. Resolves once the preview of standard input is made, which a later step of
   * the run may remove; previews of files follow in the background.
   */
  async records(records: readonly UploadRecord[]): Promise<void> {
    for (const record of records) {
      const check = this.#checked[record.index]?.check;
      const asset = check?.kind === 'acceptable' ? check.asset : undefined;
      const { source } = this.#found[record.index]!;
      const card = createCard(record, asset, this.#addresses.get(source));
      this.#cards.push(card);
      this.#tally.add(record);
      if (check === undefined || asset === undefined) {
        continue;
      }
      const preview = this.#fittedPreviews.get(this.#firstIndexes.get(check)!);
      if (preview !== undefined) {
        this.#show(card, preview);
      } else if (typeof source === 'string') {
        this.#previews = this.#previews.then(() => this.#addPreview(card, source, asset));
      } else {
        await untilAborted(this.#addStandardInput(card, asset), this.#host.signal).catch(() => {});
      }
    }
  }

  /** Writes the sheet, after the last record, or returns why not. An interrupted run does not wait for previews. */
  async end(): Promise<string | undefined> {
    await untilAborted(this.#previews, this.#host.signal).catch(() => {});
    this.#imageProcesses.close();
    const page = formatPage(this.#summarise(), this.#cards);
    const problem = await writeSheet(this.#path, this.#host.secrets.maskData(page));
    return problem === undefined ? undefined : `the contact sheet ${this.#path} was not written: ${problem}`;
  }

  async #addPreview(card: Card, image: string | Buffer, { type }: PendingAsset): Promise<void> {
    const isFull = this.#previewBytes >= maxPreviewBytes || this.#previewCount >= maxPreviews;
    if (type !== 'image' || isFull || this.#host.signal.aborted) {
      return;
    }
    if (typeof image === 'string' && typeof encodePath(image) !== 'string') {
      // sharp accepts only paths that are text.
      return;
    }
    // Without sharp, and of an image that it cannot decode, there is none.
    const preview = await this.#imageProcesses.preview(image, this.#host.signal).catch(() => undefined);
    if (preview !== undefined) {
      this.#show(card, preview);
    }
  }

  #show(card: Card, preview: Buffer): void {
    if (this.#previewBytes + preview.length <= maxPreviewBytes && this.#previewCount < maxPreviews) {
      card.preview = this.#embed('image/jpeg', preview);
    }
  }

  async #addStandardInput(card: Card, asset: PendingAsset): Promise<void> {
    if (asset.fitting !== undefined) {
      // The converted file of standard input is removed once it is sent.
      return;
    }
    const prepared = await asset.prepare(this.#host.signal);
    const bytes = await prepared.readInto(Buffer.alloc(asset.sizeBytes + 1));
    await this.#addPreview(card, bytes, asset);
    if (card.preview === undefined && bytes.length <= maxEmbeddedBytes) {
      card.source = this.#embed(prepared.contentType, bytes);
    }
  }

  #embed(contentType: string, bytes: Buffer): string {
    this.#previewBytes += bytes.length;
    this.#previewCount += 1;
    return `data:${contentType};base64,${bytes.toString('base64')}`;
  }

  /** `3 uploaded, 1 failed · 2026-11-25 20:45 UTC · the run was interrupted`. */
  #summarise(): string {
    const date = new Date(this.#host.clock.epochMs()).toISOString();
    return [
      this.#tally.format(),
      `${date.slice(0, 10)} ${date.slice(11, 16)} UTC`,
      ...(this.#host.signal.aborted ? ['the run was interrupted'] : []),
    ].join(' · ');
  }
}
