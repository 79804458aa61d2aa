import { groupDigits } from '../words.ts';
import type { ContentType } from './asset-types.ts';

/** Reads at most that many bytes there; fewer where the file ends. */
export type ReadAt = (position: number, length: number) => Buffer;

/** The damage of a video or audio file; its message completes "it …". */
export class Damage extends Error {}

/**
 * Checks the outermost structure of a video or audio file. MP3 and AAC have none: they are frames one after the other.
 *
 * @throws Damage if parts are missing, or end after the end of the file
 */
export function checkStructure(contentType: ContentType, read: ReadAt, sizeBytes: number): void {
  switch (contentType) {
    case 'video/mp4':
    case 'video/quicktime':
    case 'audio/mp4':
      checkBoxes(read, sizeBytes);
      break;
    case 'video/webm':
      checkElements(read, sizeBytes);
      break;
    case 'audio/wav':
      checkChunks(read, sizeBytes);
      break;
  }
}

function assertWhole(sizeBytes: number, neededBytes: number): void {
  if (neededBytes > sizeBytes) {
    throw new Damage(`is cut short: it has ${groupDigits(sizeBytes)} bytes of ${groupDigits(neededBytes)}`);
  }
}

/** ISO/IEC 14496-12, 4.2. Anything may follow the media and their index. */
function checkBoxes(read: ReadAt, sizeBytes: number): void {
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
    if (['moov', 'mdat', 'moof'].includes(name)) {
      assertWhole(sizeBytes, position + size);
    }
    found.add(name);
    position += size;
  }
  if (!found.has('moov')) {
    throw new Damage(
      found.has('moof')
        ? 'is a segment of a stream, without its beginning (moov)'
        : 'has no index (moov): its recording was probably interrupted',
    );
  }
  if (!found.has('mdat')) {
    throw new Damage('has an index, but no video or audio (mdat)');
  }
}

const segmentId = 0x18538067;
const clusterId = 0x1f43b675;

/** RFC 8794 and RFC 9559. A live recording knows neither the size of its segment nor of its clusters. */
function checkElements(read: ReadAt, sizeBytes: number): void {
  let hasCluster = false;
  let end = sizeBytes;
  for (let position = 0; position < end; ) {
    const element = readElement(read, position);
    if (element === undefined) {
      break;
    }
    const { id, contentPosition, size } = element;
    assertWhole(sizeBytes, contentPosition + (size ?? 0));
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
  if (!hasCluster) {
    throw new Damage('contains no video or audio');
  }
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

function checkChunks(read: ReadAt, sizeBytes: number): void {
  const data = findWaveData(read, sizeBytes);
  if (data === undefined) {
    throw new Damage('has no audio in it (data), or has no format chunk (fmt)');
  }
  assertWhole(sizeBytes, data.position + data.sizeBytes);
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
