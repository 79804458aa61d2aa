import type { Measures } from './measures.ts';

/** One frame of a stream that consists of frames with a header each. */
export interface AudioFrame {
  /** Of the whole frame, header included. */
  readonly sizeBytes: number;
  /** Zero if the frame carries information and no audio. */
  readonly samples: number;
  readonly sampleRate: number;
}

/** How many bytes are searched for the next frame: what follows is a tag, or no audio. */
const maxSkippedBytes = 1_048_576;

/** Reads the header of a frame at an offset; undefined if there is none. */
export type ReadFrame = (bytes: Buffer, at: number) => AudioFrame | undefined;

/** Whether the bytes begin with such frames, after ID3 tags and zeros. */
export function startsWithFrames(bytes: Buffer, readFrame: ReadFrame): boolean {
  let at = skipId3(bytes, 0);
  while (bytes[at] === 0) {
    at += 1;
  }
  return readSureFrame(bytes, at, readFrame) !== undefined;
}

/** Adds up the frames of a stream. Bytes between frames are skipped, as long as there are fewer than in frames. */
export function measureFrames(bytes: Buffer, readFrame: ReadFrame): Measures {
  let seconds = 0;
  let frameBytes = 0;
  let skippedBytes = 0;
  let skippedSinceFrame = 0;
  let isInSync = false;
  let at = skipId3(bytes, 0);
  while (at < bytes.length && skippedSinceFrame < maxSkippedBytes) {
    const frame = isInSync ? readFrame(bytes, at) : readSureFrame(bytes, at, readFrame);
    if (frame && at + frame.sizeBytes <= bytes.length) {
      seconds += frame.samples / frame.sampleRate;
      frameBytes += frame.sizeBytes;
      skippedBytes += skippedSinceFrame;
      skippedSinceFrame = 0;
      isInSync = true;
      at += frame.sizeBytes;
    } else {
      isInSync = false;
      const afterTags = skipId3(bytes, at);
      if (afterTags > at) {
        at = afterTags;
      } else {
        skippedSinceFrame += 1;
        at += 1;
      }
    }
  }
  if (skippedBytes > frameBytes) {
    throw new RangeError('most of it is not audio');
  }
  return { durationMs: seconds * 1000 };
}

/** Reads a frame and makes sure that another one of its kind, or the end, follows: two bytes of noise look like one. */
function readSureFrame(bytes: Buffer, at: number, readFrame: ReadFrame): AudioFrame | undefined {
  const frame = readFrame(bytes, at);
  const end = at + (frame?.sizeBytes ?? 0);
  const isSure = end === bytes.length || readFrame(bytes, end)?.sampleRate === frame?.sampleRate;
  return isSure ? frame : undefined;
}

/** Skips ID3v2 tags, of which a cover may make megabytes; returns where they end (https://id3.org/id3v2.4.0-structure). */
function skipId3(bytes: Buffer, start: number): number {
  let at = start;
  while (bytes[at] === 0x49 && bytes.toString('latin1', at, at + 3) === 'ID3' && at + 10 <= bytes.length) {
    const sizeBytes = [6, 7, 8, 9].reduce((size, byte) => size * 128 + (bytes[at + byte]! & 0x7f), 0);
    const hasFooter = (bytes[at + 5]! & 0x10) !== 0;
    at += 10 + sizeBytes + (hasFooter ? 10 : 0);
  }
  return at;
}
