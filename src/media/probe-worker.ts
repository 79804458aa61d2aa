import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import {
  CustomSource,
  EncodedPacketSink,
  Input,
  type InputTrack,
  type InputVideoTrack,
  IsobmffInputFormat,
  MP4,
  QTFF,
  WAVE,
  WEBM,
} from 'mediabunny';
import type { ContentType } from './asset-types.ts';
import { findStructureDamage, isEmptyWave, type ReadAt } from './container-structure.ts';
import { measureFrames, type ReadFrame, readAdtsFrame, readMp3Frame } from './frame-duration.ts';

/** What the worker is asked: to measure an open file, or bytes. */
export interface ProbeRequest {
  readonly contentType: ContentType;
  readonly file: { readonly fd: number; readonly sizeBytes: number } | { readonly bytes: Uint8Array };
}

/** What the worker answers; `damage` completes "it …". */
export type ProbeAnswer =
  | { readonly damage: string }
  | {
      /** Undefined where nothing in the file tells. */
      readonly durationMs: number | undefined;
      /** As it is displayed; undefined where there is no video track. */
      readonly size: { readonly width: number; readonly height: number } | undefined;
    };

/** The list of all formats of the library holds HLS too, which names other files. */
const formats = [MP4, QTFF, WEBM, WAVE];

/**
 * Shared with the thread that asks, so that a slow disk is not taken for a loop: milliseconds that reading the file has
 * taken, and whether a read goes on (0 or 1).
 */
export interface ProbeWorkerData {
  readonly reading: Int32Array;
}

parentPort?.on('message', async (request: ProbeRequest) => {
  parentPort?.postMessage(await answer(request));
});
parentPort?.postMessage('ready');

async function answer({ contentType, file }: ProbeRequest): Promise<ProbeAnswer> {
  const sizeBytes = 'bytes' in file ? file.bytes.length : file.sizeBytes;
  const read = 'bytes' in file ? createBytesReader(file.bytes) : createFileReader(file.fd, sizeBytes);
  const damage = findStructureDamage(contentType, read, sizeBytes);
  if (damage !== undefined) {
    return { damage };
  }
  const readFrame = frameReaders[contentType];
  if (readFrame !== undefined) {
    const durationMs = measureFrames(readFrame, read, sizeBytes);
    return durationMs === undefined
      ? { damage: 'holds no frames of sound that follow each other' }
      : { durationMs, size: undefined };
  }
  const measured = await measureWithLibrary(read, sizeBytes);
  if (contentType === 'audio/wav' && ('damage' in measured || measured.durationMs === 0)) {
    // Its parts are in their places: a codec that the library does not know, or a recorder that was interrupted.
    return { durationMs: isEmptyWave(read, sizeBytes) ? 0 : undefined, size: undefined };
  }
  return measured;
}

/** The library reads these too, in fifty times the time. */
const frameReaders: Readonly<Partial<Record<ContentType, ReadFrame>>> = {
  'audio/mpeg': readMp3Frame,
  'audio/aac': readAdtsFrame,
};

async function measureWithLibrary(read: ReadAt, sizeBytes: number): Promise<ProbeAnswer> {
  const source = new CustomSource({
    getSize: () => sizeBytes,
    read: (start, end) => read(start, end - start),
    prefetchProfile: 'fileSystem',
  });
  const input = new Input({ formats, source });
  try {
    return await measure(input, isSoundBrand(read(0, 12)));
  } catch {
    return { damage: 'has a structure that makes no sense' };
  } finally {
    input.dispose();
  }
}

function createBytesReader(bytes: Uint8Array): ReadAt {
  const buffer = Buffer.from(bytes.buffer);
  return (position, length) => buffer.subarray(position, position + length);
}

function createFileReader(fd: number, sizeBytes: number): ReadAt {
  const { reading } = workerData as ProbeWorkerData;
  let allBytes = 0;
  let allMs = 0;
  return (position, length) => {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, sizeBytes - position)));
    const started = performance.now();
    Atomics.store(reading, 1, 1);
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(fd, bytes, filled, bytes.length - filled, position + filled);
      if (count === 0) {
        break;
      }
      filled += count;
    }
    Atomics.store(reading, 1, 0);
    allBytes += filled;
    // Reading the same again and again is a loop.
    if (allBytes <= 2 * sizeBytes) {
      allMs += performance.now() - started;
      Atomics.store(reading, 0, Math.round(allMs));
    }
    return bytes.subarray(0, filled);
  };
}

/** Brands of files that are made for sound: pictures in them are a cover or belong to chapters. */
function isSoundBrand(head: Buffer): boolean {
  return /^ftyp(?:M4[AB] |F4[AB] )/.test(head.toString('latin1', 4));
}

async function measure(input: Input, isSound: boolean): Promise<ProbeAnswer> {
  const tracks = await input.getTracks();
  const played: InputTrack[] = [];
  for (const track of tracks) {
    if (!(isSound && track.isVideoTrack() && (await track.getCodec()) === null)) {
      played.push(track);
    }
  }
  if (played.length === 0) {
    return { damage: 'has neither picture nor sound that can be found' };
  }
  // Only this format keeps an index apart from what it points at.
  if ((await input.getFormat()) instanceof IsobmffInputFormat) {
    for (const track of played) {
      if (!(await hasItsSamples(track))) {
        return { damage: 'is cut short: its index names samples that lie behind its end' };
      }
    }
  }
  const durationMs = Math.round((await input.computeDuration(played)) * 1000);
  const video = await input.getPrimaryVideoTrack({ filter: (track) => played.includes(track) });
  const size = video === null ? undefined : await readDisplaySize(video);
  if (!Number.isSafeInteger(durationMs) || durationMs < 0) {
    return { damage: 'has a length that makes no sense' };
  }
  return { durationMs, size };
}

/** Whether the first and the last sample of a track lie within the file. */
async function hasItsSamples(track: InputTrack): Promise<boolean> {
  const codec = await track.getInternalCodecId();
  if (codec === 'encv' || codec === 'enca') {
    // The library would decrypt it.
    return true;
  }
  const sink = new EncodedPacketSink(track);
  for (const time of [await track.getFirstTimestamp(), Number.POSITIVE_INFINITY]) {
    const isListed = (await sink.getPacket(time, { metadataOnly: true })) !== null;
    if (isListed && (await sink.getPacket(time)) === null) {
      return false;
    }
  }
  return true;
}

async function readDisplaySize(track: InputVideoTrack): Promise<{ width: number; height: number }> {
  return { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() };
}
