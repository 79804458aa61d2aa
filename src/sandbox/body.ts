import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** A body that was read to its end. */
export interface WholeBody {
  /** In bytes, those beyond the limit included. */
  readonly size: number;
  /** Hex, of all of it. */
  readonly sha256: string;
  /** Undefined where there are more than the limit. */
  readonly bytes: Buffer | undefined;
}

/** A body of which only the first `size` bytes were read. */
export interface PartialBody {
  readonly size: number;
  readonly sha256?: undefined;
}

/** Reads a body to its end but keeps no more than `limitBytes` of it; never rejects. */
export async function readBody(source: Readable, limitBytes: number): Promise<WholeBody | PartialBody> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length;
      hash.update(chunk);
      if (size <= limitBytes) kept.push(chunk);
    }
  } catch {
    // The client went away, or its chunked encoding was broken.
    return { size };
  }
  return { size, sha256: hash.digest('hex'), bytes: size <= limitBytes ? Buffer.concat(kept) : undefined };
}
