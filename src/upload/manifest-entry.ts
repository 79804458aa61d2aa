import * as v from 'valibot';
import { isReference } from '../client/reference.ts';
import { type AssetType, type ContentType, isContentType, resolveType } from '../media/asset-types.ts';

const reference = v.custom<string>(isReference);

/** One line of a manifest: which bytes have which reference, for which account and where. */
const lineSchema = v.object({
  /** First on the line, so that a torn line can be distinguished from a foreign one. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  account: v.string(),
  /** The `apiUrl` it was sent to. */
  endpoint: v.string(),
  assetRef: v.exactOptional(reference),
  /** Images; lines of the first version have no other reference. */
  imageRef: v.exactOptional(reference),
  /** Milliseconds; videos and audio. */
  mediaDurationMs: v.exactOptional(v.number()),
  width: v.exactOptional(v.number()),
  height: v.exactOptional(v.number()),
  /** Bytes. */
  size: v.number(),
  contentType: v.custom<ContentType>((value) => typeof value === 'string' && isContentType(value)),
  /** The edits of the source, and the version of the recipes. */
  fit: v.exactOptional(v.string()),
  fitted: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
  /** The source of the conversion. */
  source: v.exactOptional(
    v.object({
      sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      size: v.number(),
      contentType: v.string(),
    }),
  ),
  /** ISO 8601. */
  uploadedAt: v.pipe(v.string(), v.isoTimestamp()),
});

/** The content of a manifest's line. */
export type ManifestEntry = Omit<v.InferOutput<typeof lineSchema>, 'assetRef'> & {
  readonly type: AssetType;
  readonly assetRef: string;
};

/** How each line begins. */
const lineStart = '{"sha256":"';

/** Writes an entry as a line. */
export function formatEntry({ type: _type, ...entry }: ManifestEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

/**
 * The entries of one line, without its newline; undefined for a line that no run has written. A line usually has one
 * entry. It has none, or several, after a crash, a full disk or a power failure: these leave the beginning of a line,
 * to which another run may have appended its own line, or NUL bytes instead of text.
 */
export function parseLine(line: string): readonly ManifestEntry[] | undefined {
  const entry = parseEntry(line);
  if (entry !== undefined) {
    return [entry];
  }
  if (!isRemnant(line)) {
    return undefined;
  }
  const pieces = line.split(/\0+|(?=\{"sha256":")/);
  const entries = pieces.map(parseEntry);
  return pieces.some((piece, i) => entries[i] === undefined && isObject(piece))
    ? undefined
    : entries.filter((found) => found !== undefined);
}

/** Whether a line without a complete entry may be the remains of some, with NUL bytes instead of the lost text. */
function isRemnant(line: string): boolean {
  const [first = '', ...others] = line.split(/\0+/);
  const last = others.at(-1) ?? '';
  // In UTF-16, NUL bytes separate single letters.
  const isText = others.every((piece) => piece.length !== 1 || piece === '}');
  return isText && isBeginning(first) && (isBeginning(last) || last.trimEnd().endsWith('}'));
}

/** Whether a text begins as a line does, or with the beginning of one before another. */
function isBeginning(text: string): boolean {
  const [head = ''] = text.split(lineStart, 1);
  return head.trim() === '' || lineStart.startsWith(head);
}

function parseEntry(text: string): ManifestEntry | undefined {
  try {
    const { success, output } = v.safeParse(lineSchema, JSON.parse(text));
    const assetRef = success ? (output.assetRef ?? output.imageRef) : undefined;
    return success && assetRef !== undefined
      ? { ...output, type: resolveType(output.contentType), assetRef }
      : undefined;
  } catch {
    return undefined;
  }
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
