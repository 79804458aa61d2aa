import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { ContentType } from './asset-types.ts';
import { checkStructure, Damage, isEmptyWave, type ReadAt } from './container-structure.ts';
import { measureFrames, type ReadFrame, readAdtsFrame, readMp3Frame } from './frame-duration.ts';
import { type Measured, measureContainer } from './measure-container.ts';

/** A file that stays open until it is probed, or all of its bytes. */
export type ProbedFile = { readonly fd: number; readonly sizeBytes: number } | Uint8Array;

/** A request to the worker: measure a file. */
export interface ProbeRequest {
  readonly contentType: ContentType;
  readonly file: ProbedFile;
}

/** The worker's answer; `damage` completes "it …", `readError` is the code of a disk's error. */
export type ProbeAnswer = Measured | { readonly damage: string } | { readonly readError: string };

/**
 * Shared with the main thread, so that a slow disk does not look like an endless loop: milliseconds that reading the
 * file has taken, and whether a read goes on (0 or 1).
 */
export interface ProbeWorkerData {
  readonly reading: Int32Array;
}

parentPort?.on('message', async (request: ProbeRequest) => {
  parentPort?.postMessage(await answer(request));
});
parentPort?.postMessage('ready');

async function answer({ contentType, file }: ProbeRequest): Promise<ProbeAnswer> {
  const sizeBytes = 'fd' in file ? file.sizeBytes : file.length;
  const read = 'fd' in file ? createFileReader(file.fd, sizeBytes) : createBytesReader(file);
  try {
    checkStructure(contentType, read, sizeBytes);
    return await measureFile(contentType, read, sizeBytes);
  } catch (error) {
    if (error instanceof Damage) {
      return { damage: error.message };
    }
    const { syscall, code } = error as NodeJS.ErrnoException;
    return syscall === 'read' && code !== undefined
      ? { readError: code }
      : { damage: 'has an invalid structure' };
  }
}

async function measureFile(contentType: ContentType, read: ReadAt, sizeBytes: number): Promise<Measured> {
  const readFrame = frameReaders[contentType];
  if (readFrame !== undefined) {
    return { durationMs: await measureFrames(readFrame, read, sizeBytes), sides: undefined };
  }
  return contentType === 'audio/wav' ? measureWave(read, sizeBytes) : measureContainer(read, sizeBytes);
}

/** Read here because the library takes fifty times as long. */
const frameReaders: Readonly<Partial<Record<ContentType, ReadFrame>>> = {
  'audio/mpeg': readMp3Frame,
  'audio/aac': readAdtsFrame,
};

/** The structure is valid by now, so a failure means an unknown codec or an unknown length. */
async function measureWave(read: ReadAt, sizeBytes: number): Promise<Measured> {
  const unknown = { durationMs: undefined, sides: undefined };
  const measured = await measureContainer(read, sizeBytes).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall === 'read') {
      throw error;
    }
    return unknown;
  });
  if (isEmptyWave(read, sizeBytes)) {
    return { ...unknown, durationMs: 0 };
  }
  return measured.durationMs === 0 ? unknown : measured;
}

function createBytesReader(bytes: Uint8Array): ReadAt {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
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
