import { type Measures, type Sides, withSquarePixels } from './measures.ts';

/** Element IDs (RFC 9559, section 5.1). */
const ids = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  pixelCropBottom: 0x54aa,
  pixelCropTop: 0x54bb,
  pixelCropLeft: 0x54cc,
  pixelCropRight: 0x54dd,
  displayWidth: 0x54b0,
  displayHeight: 0x54ba,
  projection: 0x7670,
  projectionPoseRoll: 0x7675,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
} as const;

/** Elements whose children are read one after the other, as if they were its siblings. */
const entered: readonly number[] = [ids.segment, ids.info, ids.tracks, ids.cluster, ids.blockGroup];

/** Elements that may end where a live recording ends, without a size of their own. */
const endless: readonly number[] = [ids.segment, ids.cluster];

const videoTrackType = 1;

/** A file may have no more elements; a video of a minute needs a few thousand. */
const maxElements = 500_000;

interface Element {
  readonly id: number;
  /** Empty for an element that is entered. */
  readonly payload: Buffer;
}

interface Track {
  readonly sides: Sides | undefined;
  readonly defaultDurationNs: number | undefined;
  /** When the last block and the one before it begin. */
  lastNs: number;
  previousNs: number;
  /** Of the last block, if it says so. */
  blockDurationNs: number | undefined;
}

/** Whether the bytes begin like a WebM; other Matroska files do not count. */
export function isWebm(bytes: Buffer): boolean {
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== ids.ebml) {
    return false;
  }
  const header = readElements(bytes).next().value;
  return (
    header !== undefined &&
    childrenOf(header.payload).get(ids.docType)?.toString('latin1').replace(/\0+$/, '') === 'webm'
  );
}

/** Measures a WebM by its header, and a live one, whose header has no duration, by its last blocks. */
export function measureWebm(bytes: Buffer): Measures {
  const tracks = new Map<number, Track>();
  let scaleNs = 1_000_000;
  let headerDuration = 0;
  let clusterTimestamp = 0;
  let lastTrack: Track | undefined;
  for (const { id, payload } of readElements(bytes)) {
    switch (id) {
      case ids.timestampScale:
        scaleNs = toInteger(payload);
        break;
      case ids.duration:
        headerDuration = toFloat(payload);
        break;
      case ids.trackEntry: {
        const children = childrenOf(payload);
        tracks.set(toInteger(children.get(ids.trackNumber)), readTrack(children));
        break;
      }
      case ids.timestamp:
        clusterTimestamp = toInteger(payload);
        break;
      case ids.simpleBlock:
      case ids.block: {
        const number = readVint(payload, 0);
        const beginNs = (clusterTimestamp + payload.readInt16BE(number.length)) * scaleNs;
        lastTrack = tracks.get(number.value);
        if (lastTrack) {
          lastTrack.blockDurationNs = undefined;
          if (beginNs > lastTrack.lastNs) {
            lastTrack.previousNs = lastTrack.lastNs;
            lastTrack.lastNs = beginNs;
          }
        }
        break;
      }
      case ids.blockDuration:
        if (lastTrack) {
          lastTrack.blockDurationNs = toInteger(payload) * scaleNs;
        }
        break;
    }
  }
  const played = [...tracks.values()].filter(({ lastNs }) => lastNs > Number.NEGATIVE_INFINITY);
  if (played.length === 0) {
    throw new RangeError('it has no blocks');
  }
  const lastNs = Math.max(...played.map((track) => track.lastNs));
  const durationNs =
    headerDuration > 0 ? Math.max(headerDuration * scaleNs, lastNs) : Math.max(...played.map(endNs));
  return {
    sides: played.find(({ sides }) => sides)?.sides,
    durationMs: durationNs / 1_000_000,
  };
}

function endNs({ lastNs, previousNs, blockDurationNs, defaultDurationNs }: Track): number {
  const gapNs = previousNs > Number.NEGATIVE_INFINITY ? lastNs - previousNs : 0;
  return lastNs + (blockDurationNs ?? defaultDurationNs ?? gapNs);
}

function readTrack(entry: ReadonlyMap<number, Buffer>): Track {
  const video = entry.get(ids.video);
  const isVideo = toInteger(entry.get(ids.trackType)) === videoTrackType && video !== undefined;
  const defaultDuration = entry.get(ids.defaultDuration);
  return {
    sides: isVideo ? readSides(childrenOf(video)) : undefined,
    defaultDurationNs: defaultDuration && toInteger(defaultDuration),
    lastNs: Number.NEGATIVE_INFINITY,
    previousNs: Number.NEGATIVE_INFINITY,
    blockDurationNs: undefined,
  };
}

function readSides(video: ReadonlyMap<number, Buffer>): Sides {
  const value = (id: number) => toInteger(video.get(id));
  const width = value(ids.pixelWidth) - value(ids.pixelCropLeft) - value(ids.pixelCropRight);
  const height = value(ids.pixelHeight) - value(ids.pixelCropTop) - value(ids.pixelCropBottom);
  const displayWidth = value(ids.displayWidth);
  const displayHeight = value(ids.displayHeight);
  // Pixels, centimetres, inches or a plain ratio: all that counts is the shape.
  const isShaped = displayWidth > 0 && displayHeight > 0 && width > 0 && height > 0;
  const pixelAspect = isShaped ? (displayWidth * height) / (displayHeight * width) : 1;
  const sides = withSquarePixels({ width, height }, pixelAspect);
  const projection = video.get(ids.projection);
  const roll = projection && childrenOf(projection).get(ids.projectionPoseRoll);
  const isSideways = roll !== undefined && Math.abs(Math.round(toFloat(roll))) % 180 === 90;
  return isSideways ? { width: sides.height, height: sides.width } : sides;
}

/** The payload of the first child of each ID. */
function childrenOf(payload: Buffer): ReadonlyMap<number, Buffer> {
  const children = [...readElements(payload)].map((child) => [child.id, child.payload] as const);
  // The last entry of an ID wins in a Map.
  return new Map(children.reverse());
}

function* readElements(bytes: Buffer): Generator<Element, undefined> {
  let at = 0;
  for (let count = 0; at < bytes.length; count += 1) {
    if (count === maxElements) {
      throw new RangeError('there are too many elements');
    }
    const id = readVint(bytes, at);
    const size = readVint(bytes, at + id.length);
    at += id.length + size.length;
    const idWithMarker = id.value + 2 ** (7 * id.length);
    const isUnknown = size.value === 2 ** (7 * size.length) - 1;
    if (isUnknown ? !endless.includes(idWithMarker) : at + size.value > bytes.length) {
      throw new RangeError('an element has no end');
    }
    if (entered.includes(idWithMarker)) {
      yield { id: idWithMarker, payload: Buffer.alloc(0) };
    } else {
      yield { id: idWithMarker, payload: bytes.subarray(at, at + size.value) };
      at += size.value;
    }
  }
}

/** Reads a number whose first byte says how long it is; its value is without the bit that marks the length. */
function readVint(bytes: Buffer, at: number): { readonly value: number; readonly length: number } {
  const first = bytes.readUInt8(at);
  const length = Math.clz32(first) - 23;
  if (length > 8) {
    throw new RangeError('a number is too long');
  }
  let value = first - 2 ** (8 - length);
  for (let index = 1; index < length; index += 1) {
    value = value * 256 + bytes.readUInt8(at + index);
  }
  return { value, length };
}

/** Zero for an element that is missing or empty, as is the default of those that are read here. */
function toInteger(bytes: Buffer = Buffer.alloc(0)): number {
  if (bytes.length > 8) {
    throw new RangeError('a number is too long');
  }
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function toFloat(bytes: Buffer): number {
  const value = bytes.length === 4 ? bytes.readFloatBE(0) : bytes.readDoubleBE(0);
  if (!Number.isFinite(value)) {
    throw new RangeError('a number is not finite');
  }
  return value;
}
