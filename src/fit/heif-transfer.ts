import { open } from 'node:fs/promises';

/** The box that says how a still is shown comes before its pixels, and is far smaller than this. */
const headBytes = 256 * 1024;

/** PQ and HLG, as https://www.itu.int/rec/T-REC-H.273 numbers transfer characteristics. */
const hdrTransfers: readonly number[] = [16, 18];

/** Whether a HEIC or an AVIF says that its numbers are HDR. */
export async function isHdr(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const head = buffer.toString('latin1', 0, bytesRead);
    // The primaries, then the transfer, with two bytes each.
    return [...head.matchAll(/colrnclx..(..)/gs)].some(([, transfer]) =>
      hdrTransfers.includes(Buffer.from(transfer!, 'latin1').readUInt16BE()),
    );
  } finally {
    await handle.close();
  }
}
