/** The parts of a reference: `<REGION:email>-<type>:w<width>:h<height>:s<size>[:d<duration>]-<uri|vid>:<native id>`. */
export interface AssetReference {
  /** `REGION:email`. */
  readonly account: string;
  /** `image` for images; the service's own word for anything else. */
  readonly type: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly sizeBytes: number;
  /** Videos and audio only. */
  readonly durationMs?: number;
  /** The service's own ID of the asset. */
  readonly nativeId: string;
}

/** The parts of an image's reference. */
export interface ImageReference extends Pick<AssetReference, 'account' | 'width' | 'height' | 'sizeBytes'> {
  readonly nativeUri: string;
}

/** Ten times what the longest account and id take. */
const maxReferenceLength = 2048;

/**
 * Whether a value can be a reference: one line of text without spaces, control characters or anything that a CI runner
 * takes for a command (`::` at the start of a line, `##[` anywhere).
 */
export function isReference(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= maxReferenceLength &&
    /^(?!::)[\x21-\x7e]+$/.test(value) &&
    !/##\w*\[/.test(value)
  );
}

// A number holds fifteen digits exactly.
const measuresPattern =
  /:w(?<width>\d{1,15}):h(?<height>\d{1,15}):s(?<size>\d{1,15})(?::d(?<duration>\d{1,15}))?-(?<kind>uri|vid):/g;

/** Parses a reference; undefined if the text does not have the documented form. */
export function parseAssetRef(text: string): AssetReference | undefined {
  // The account may contain anything, so the last match counts.
  const measures = [...text.matchAll(measuresPattern)].at(-1);
  if (measures === undefined) {
    return undefined;
  }
  const { width, height, size, duration } = measures.groups!;
  const head = text.slice(0, measures.index);
  const dash = head.lastIndexOf('-');
  const [account, type] = [head.slice(0, dash), head.slice(dash + 1)];
  const nativeId = text.slice(measures.index + measures[0].length);
  if (dash === -1 || !/^[A-Z]+:./.test(account) || type === '' || !/^\S+$/.test(nativeId)) {
    return undefined;
  }
  return {
    account,
    type,
    width: Number(width),
    height: Number(height),
    sizeBytes: Number(size),
    ...(duration !== undefined && { durationMs: Number(duration) }),
    nativeId,
  };
}

/**
 * The account of a reference: the one that was asked for, unless the service has chosen another; undefined if the
 * text does not have the documented form.
 */
export function findAccount(assetRef: string, asked: string): string | undefined {
  // The word for the type may hold a hyphen, as an account may.
  return assetRef.startsWith(`${asked}-`) ? asked : parseAssetRef(assetRef)?.account;
}

/** Parses the reference of an image; undefined if the text is not one. */
export function parseImageRef(text: string): ImageReference | undefined {
  const reference = parseAssetRef(text);
  if (reference?.type !== 'image' || reference.durationMs !== undefined) {
    return undefined;
  }
  const { account, width, height, sizeBytes, nativeId } = reference;
  return { account, width, height, sizeBytes, nativeUri: nativeId };
}
