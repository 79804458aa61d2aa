import * as v from 'valibot';

/** One line of a manifest: which bytes have which reference, for which account and where. */
const entrySchema = v.object({
  /** First on the line, so that a torn line can be told from a foreign one. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  account: v.string(),
  /** The `apiUrl` it was sent to. */
  endpoint: v.string(),
  imageRef: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)),
  width: v.exactOptional(v.number()),
  height: v.exactOptional(v.number()),
  /** Bytes. */
  size: v.number(),
  contentType: v.picklist(['image/jpeg', 'image/png', 'image/webp']),
  /** ISO 8601. */
  uploadedAt: v.pipe(v.string(), v.isoTimestamp()),
});

/** One line of a manifest. */
export type ManifestEntry = v.InferOutput<typeof entrySchema>;

/** How each line begins. */
const lineStart = '{"sha256":"';

/** Writes an entry as a line. */
export function formatEntry(entry: ManifestEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

/**
 * The entries of one line, without its newline; undefined for a line that no run has written. A line usually has one
 * entry. It has none, or several, after a crash, a full disk or a power failure: these leave the beginning of a line,
 * to which another run may have appended its own line, or NUL bytes in place of text.
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

/** Whether a line without an entry may be what is left of some. */
function isRemnant(line: string): boolean {
  const text = line.replaceAll('\0', '');
  const [head = ''] = text.split(lineStart, 1);
  const hasGap = text !== line;
  return head.trim() === '' || lineStart.startsWith(head) || (hasGap && text.trimEnd().endsWith('}'));
}

function parseEntry(text: string): ManifestEntry | undefined {
  try {
    const result = v.safeParse(entrySchema, JSON.parse(text));
    return result.success ? result.output : undefined;
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
