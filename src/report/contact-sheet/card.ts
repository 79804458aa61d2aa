import prettyBytes from 'pretty-bytes';
import { listExtensions } from '../../media/asset-types.ts';
import type { AssetFacts } from '../../media/check-asset.ts';
import type { Measures } from '../../media/limits.ts';
import { hasReference, type UploadRecord } from '../../upload/record.ts';
import { escapeUnsafe } from '../escape.ts';
import { nameOf } from '../name-of.ts';

/** The data of one file on the page. Text is escaped for display; the page inserts it only as text. */
export interface Card extends Measures {
  readonly name: string;
  readonly status: UploadRecord['status'];
  readonly type?: AssetFacts['type'] | undefined;
  /** Size, duration and dimensions. */
  readonly details: string;
  readonly assetRef?: string | undefined;
  /** The changes of its conversion. */
  readonly fitted: readonly string[];
  readonly warnings: readonly string[];
  readonly error?: string | undefined;
  readonly hint?: string | undefined;
  /** Where the browser finds the file: a relative address, or a `data:` URL of the whole file. */
  source?: string | undefined;
  /** The target of a click on the preview. */
  readonly link?: string | undefined;
  /** A `data:` URL of the preview, a small JPEG. */
  preview?: string | undefined;
}

/**
 * The card of a file.
 *
 * @param facts undefined if the file is not an asset
 * @param address of the file; undefined for standard input
 */
export function createCard(
  record: UploadRecord,
  facts: Omit<AssetFacts, 'contentType'> | undefined,
  address: string | undefined,
): Card {
  const measured = 'type' in record ? record : undefined;
  const type = measured?.type ?? facts?.type;
  const durationMs = measured?.mediaDurationMs ?? facts?.durationMs;
  const { width, height } = { ...facts, ...measured };
  const failure = record.status === 'failed' ? record.error : undefined;
  const source = type === undefined ? undefined : address;
  return {
    name: escapeUnsafe(nameOf(record)),
    status: record.status,
    type,
    details: formatDetails({ sizeBytes: measured?.size ?? facts?.sizeBytes, durationMs, width, height }),
    durationMs,
    width,
    height,
    assetRef: hasReference(record) ? record.assetRef : undefined,
    fitted: (measured?.fitted ?? []).map(escapeUnsafe),
    warnings: (hasReference(record) ? (record.warnings ?? []) : []).map(escapeUnsafe),
    error: failure && escapeUnsafe(failure.message),
    hint: failure?.hint && escapeUnsafe(failure.hint),
    source,
    link: type === 'image' && source !== undefined && isNamedAsAsset(source) ? source : undefined,
  };
}

/** Whether a browser opens that address as an image, video or audio: it would open `a.html` as a page. */
function isNamedAsAsset(address: string): boolean {
  const extension = /\.(\w+)$/.exec(address)?.[1]?.toLowerCase() ?? '';
  return listExtensions().includes(extension);
}

function formatDetails({
  sizeBytes,
  durationMs,
  width,
  height,
}: Measures & { readonly sizeBytes: number | undefined }): string {
  const parts = [
    width !== undefined && height !== undefined && `${width} × ${height}`,
    durationMs !== undefined && `${(durationMs / 1000).toFixed(1)} s`,
    sizeBytes !== undefined && prettyBytes(sizeBytes),
  ];
  return parts.filter((part) => part !== false).join(' · ');
}
