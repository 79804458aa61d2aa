/** How an ICC profile interprets the numbers in an image: https://www.color.org/specification/ICC.1-2022-05.pdf */
export interface ColourProfile {
  /** For people, such as "Display P3". */
  readonly name: string;
  /** Whether numbers look the same under it as under sRGB, which services assume. */
  readonly likeSrgb: boolean;
}

/** sRGB's primaries as profiles hold them, adapted to D50. */
const srgbPrimaries = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
} as const;
const maxPrimaryDifference = 0.02;

/** The linear light of half the full signal: 0.214 in sRGB, 0.218 with a gamma of 2.2. */
const halfSignal = { min: 0.18, max: 0.25 };

const headerBytes = 128;
const maxTags = 200;

/** Reads a profile; one that cannot be read counts as not sRGB, because a converter may understand it. */
export function readColourProfile(icc: Buffer): ColourProfile {
  try {
    const tags = readTags(icc);
    const space = icc.toString('latin1', 16, 20).trim();
    return {
      name: readName(tags.get('desc')) ?? `a ${space} profile`,
      likeSrgb: space === 'GRAY' || (space === 'RGB' && hasSrgbPrimaries(tags) && hasSrgbCurve(tags)),
    };
  } catch (error) {
    if (error instanceof RangeError) {
      return { name: 'a damaged profile', likeSrgb: false };
    }
    throw error;
  }
}

type Tags = ReadonlyMap<string, Buffer>;

function readTags(icc: Buffer): Tags {
  const count = Math.min(icc.readUInt32BE(headerBytes), maxTags);
  const tags = new Map<string, Buffer>();
  for (let i = 0; i < count; i += 1) {
    const entry = headerBytes + 4 + i * 12;
    const start = icc.readUInt32BE(entry + 4);
    tags.set(
      icc.toString('latin1', entry, entry + 4),
      icc.subarray(start, start + icc.readUInt32BE(entry + 8)),
    );
  }
  return tags;
}

function hasSrgbPrimaries(tags: Tags): boolean {
  return Object.entries(srgbPrimaries).every(([name, xyz]) => {
    const tag = tags.get(name);
    return (
      tag !== undefined &&
      xyz.every((value, i) => Math.abs(readFixed(tag, 8 + i * 4) - value) < maxPrimaryDifference)
    );
  });
}

function hasSrgbCurve(tags: Tags): boolean {
  const tag = tags.get('gTRC');
  const half = tag && readCurveAtHalf(tag);
  return half !== undefined && half >= halfSignal.min && half <= halfSignal.max;
}

/** A tone curve's value for half of full signal; undefined for a kind of curve that is not known. */
function readCurveAtHalf(tag: Buffer): number | undefined {
  const kind = tag.toString('latin1', 0, 4);
  if (kind === 'curv') {
    const count = tag.readUInt32BE(8);
    if (count === 0) {
      return 0.5;
    }
    return count === 1
      ? 0.5 ** (tag.readUInt16BE(12) / 256)
      : tag.readUInt16BE(12 + 2 * Math.floor(count / 2)) / 65_535;
  }
  if (kind === 'para') {
    const [gamma = 1, a = 1, b = 0] = [12, 16, 20].flatMap((at) =>
      at + 4 <= tag.length ? readFixed(tag, at) : [],
    );
    return tag.readUInt16BE(8) === 0 ? 0.5 ** gamma : (a * 0.5 + b) ** gamma;
  }
  return undefined;
}

function readFixed(tag: Buffer, at: number): number {
  return tag.readInt32BE(at) / 65_536;
}

/** Names are ASCII in version 2 of the format and UTF-16 in version 4. */
function readName(tag: Buffer | undefined): string | undefined {
  const kind = tag?.toString('latin1', 0, 4);
  if (tag === undefined || (kind !== 'desc' && kind !== 'mluc')) {
    return undefined;
  }
  const name =
    kind === 'desc'
      ? tag.toString('latin1', 12, 12 + tag.readUInt32BE(8))
      : Buffer.from(tag.subarray(tag.readUInt32BE(24), tag.readUInt32BE(24) + (tag.readUInt32BE(20) & ~1)))
          .swap16()
          .toString('utf16le');
  // The name comes from the file and is shown to people.
  return (
    name
      .replace(/[^ -~]/g, '')
      .slice(0, 60)
      .trim() || undefined
  );
}
