/** A list of boxes and a table may have no more entries; a file of a minute needs a few thousand. */
const maxEntries = 100_000;

/** One box of the ISO base media file format (ISO/IEC 14496-12). */
interface Box {
  readonly type: string;
  /** Where the box begins, header included. */
  readonly start: number;
  readonly payload: Buffer;
}

/** Finds the payload of the first child of a type; throws a RangeError if there is none. */
export function requireBox(parent: Buffer, type: string): Buffer {
  const payload = findBox(parent, type);
  if (!payload) {
    throw new RangeError(`the box ${type} is missing`);
  }
  return payload;
}

/** Finds the payload of the first child of a type. */
export function findBox(parent: Buffer, type: string, onOverrun?: 'stop' | 'throw'): Buffer | undefined {
  for (const box of readBoxes(parent, onOverrun)) {
    if (box.type === type) {
      return box.payload;
    }
  }
  return undefined;
}

/**
 * Reads the boxes of a list one after the other; ignores fewer than 8 bytes at its end (QuickTime ends some lists with
 * 4).
 */
export function* readBoxes(bytes: Buffer, onOverrun: 'stop' | 'throw' = 'throw'): Generator<Box, undefined> {
  let at = 0;
  for (let count = 0; bytes.length - at >= 8; count += 1) {
    if (count === maxEntries) {
      throw new RangeError('there are too many boxes');
    }
    let headerBytes = 8;
    let sizeBytes = bytes.readUInt32BE(at);
    if (sizeBytes === 0 && onOverrun === 'stop') {
      sizeBytes = bytes.length - at; // Until the end of the file.
    } else if (sizeBytes === 1) {
      headerBytes = 16;
      sizeBytes = bytes.length - at < headerBytes ? 0 : Number(bytes.readBigUInt64BE(at + 8));
    }
    if (sizeBytes < headerBytes || sizeBytes > bytes.length - at) {
      if (onOverrun === 'stop') {
        return;
      }
      throw new RangeError('a box is longer than what it is in');
    }
    const payload = bytes.subarray(at + headerBytes, at + sizeBytes);
    yield { type: bytes.toString('latin1', at + 4, at + 8), start: at, payload };
    at += sizeBytes;
  }
}

/** Reads a table that begins with the number of its entries. */
export function readEntries<Entry>(
  payload: Buffer,
  countAt: number,
  entryBytes: number,
  read: (entry: Buffer) => Entry,
): Entry[] {
  const count = payload.readUInt32BE(countAt);
  const start = countAt + 4;
  if (count > maxEntries || start + count * entryBytes > payload.length) {
    throw new RangeError('a table is too long');
  }
  return Array.from({ length: count }, (_, index) => read(payload.subarray(start + index * entryBytes)));
}

/** Whether the version of a box is 1, with 64-bit times. */
export function isLong(payload: Buffer): boolean {
  return payload.readUInt8(0) === 1;
}

/** Reads the optional fields of a box one after the other; its flags say which are there. */
export function readFields(payload: Buffer) {
  const flags = payload.readUIntBE(1, 3);
  let at = 4;
  return {
    has: (flag: number) => (flags & flag) !== 0,
    next(isThere: boolean | undefined): number | undefined {
      if (!isThere) {
        return undefined;
      }
      at += 4;
      return payload.readUInt32BE(at - 4);
    },
    next64(): number {
      at += 8;
      return Number(payload.readBigUInt64BE(at - 8));
    },
  };
}
