import { groupDigits } from '../words.ts';
import type { ContentType } from './asset-types.ts';

/** Reads at most that many bytes there; fewer where the file ends. */
export type ReadAt = (position: number, length: number) => Buffer;

/**
 * Describes the damage in the outermost structure of a video or audio file, if any: parts that are missing, or that end
 * after the end of the file. Completes "it …".
 */
export function findStructureDamage(
  contentType: ContentType,
  read: ReadAt,
  sizeBytes: number,
): string | undefined {
  switch (contentType) {
    case 'video/mp4':
    case 'video/quicktime':
    case 'audio/mp4':
      return findBoxDamage(read, sizeBytes);
    case 'video/webm':
      return findElementDamage(read, sizeBytes);
    case 'audio/wav':
      return findChunkDamage(read, sizeBytes);
    case 'audio/mpeg':
    case 'audio/aac':
    case 'image/jpeg':
    case 'image/png':
    case 'image/webp':
      // Frames without a container, and types that are not containers.
      return undefined;
  }
}

/** Words for a part that is incomplete. */
function describeCut(sizeBytes: number, neededBytes: number): string {
  return `is cut short: it has ${groupDigits(sizeBytes)} bytes of ${groupDigits(neededBytes)}`;
}

/** ISO/IEC 14496-12, 4.2. Anything may follow the media and their index. */
function findBoxDamage(read: ReadAt, sizeBytes: number): string | undefined {
  const found = new Set<string>();
  for (let position = 0; position + 8 <= sizeBytes; ) {
    const header = read(position, 16);
    const name = header.toString('latin1', 4, 8);
    const shortSize = header.readUInt32BE(0);
    const size =
      shortSize === 0
        ? sizeBytes - position
        : shortSize === 1 && header.length === 16
          ? Number(header.readBigUInt64BE(8))
          : shortSize;
    if (size < 8) {
      break;
    }
    if (position + size > sizeBytes && ['moov', 'mdat', 'moof'].includes(name)) {
      return describeCut(sizeBytes, position + size);
    }
    found.add(name);
    position += size;
  }
  if (!found.has('moov')) {
    return found.has('moof')
      ? 'is a segment of a stream, without its beginning (moov)'
      : 'has no index (moov): its recording was probably interrupted';
  }
  return found.has('mdat') ? undefined : 'has an index, but no video or audio (mdat)';
}

const segmentId = 0x18538067;
const clusterId = 0x1f43b675;

/** RFC 8794 and RFC 9559. A live recording knows neither the size of its segment nor of its clusters. */
function findElementDamage(read: ReadAt, sizeBytes: number): string | undefined {
  let hasCluster = false;
  let end = sizeBytes;
  for (let position = 0; position < end; ) {
    const element = readElement(read, position);
    if (element === undefined) {
      break;
    }
    const { id, contentPosition, size } = element;
    if (size !== undefined && contentPosition + size > sizeBytes) {
      return describeCut(sizeBytes, contentPosition + size);
    }
    hasCluster ||= id === clusterId;
    if (id === segmentId) {
      position = contentPosition;
      end = size === undefined ? sizeBytes : contentPosition + size;
    } else if (size === undefined) {
      break;
    } else {
      position = contentPosition + size;
    }
  }
  return hasCluster ? undefined : 'contains no video or audio';
}

interface Element {
  readonly id: number;
  readonly contentPosition: number;
  readonly size: number | undefined;
}

function readElement(read: ReadAt, position: number): Element | undefined {
  const bytes = read(position, 12);
  const idBytes = Math.clz32(bytes[0] ?? 0) - 23;
  const sizeLength = Math.clz32(bytes[idBytes] ?? 0) - 23;
  if (idBytes > 4 || sizeLength > 8 || bytes.length < idBytes + sizeLength) {
    return undefined;
  }
  const id = bytes.readUIntBE(0, idBytes);
  let size = bytes[idBytes]! & (0xff >> sizeLength);
  let isUnknown = size === 0xff >> sizeLength;
  for (const byte of bytes.subarray(idBytes + 1, idBytes + sizeLength)) {
    size = size * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  return { id, contentPosition: position + idBytes + sizeLength, size: isUnknown ? undefined : size };
}

/** A recorder that cannot seek back, as into a pipe, writes about the most that its integers hold. */
const minUnknownSize = 0x7fff0000;

function findChunkDamage(read: ReadAt, sizeBytes: number): string | undefined {
  const data = findWaveData(read, sizeBytes);
  if (data === undefined) {
    return 'has no audio in it (data), or has no format chunk (fmt)';
  }
  const end = data.position + data.sizeBytes;
  return end > sizeBytes ? describeCut(sizeBytes, end) : undefined;
}

/** Whether a WAV ends where its samples begin; after an interrupted recording, the size is zero but samples follow. */
export function isEmptyWave(read: ReadAt, sizeBytes: number): boolean {
  return findWaveData(read, sizeBytes)?.position === sizeBytes;
}

/** Multimedia Programming Interface and Data Specifications 1.0; EBU Tech 3306 for RF64. */
function findWaveData(
  read: ReadAt,
  fileBytes: number,
): { readonly position: number; readonly sizeBytes: number } | undefined {
  let hasFormat = false;
  let longDataSize = 0;
  for (let position = 12; position + 8 <= fileBytes; ) {
    const chunk = read(position, 24);
    const name = chunk.toString('latin1', 0, 4);
    const size = chunk.readUInt32LE(4);
    if (name === 'data') {
      const sizeBytes = size >= minUnknownSize ? longDataSize : size;
      return hasFormat ? { position: position + 8, sizeBytes } : undefined;
    }
    hasFormat ||= name === 'fmt ';
    if (name === 'ds64' && chunk.length === 24) {
      longDataSize = Number(chunk.readBigUInt64LE(16));
    }
    position += 8 + size + (size % 2);
  }
  return undefined;
}
