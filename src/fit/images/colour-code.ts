import { withFile } from '../../files/regular-file.ts';

/** How an image's numbers are meant, in the code points of https://www.itu.int/rec/T-REC-H.273. */
export interface ColourCode {
  readonly primaries: number;
  readonly transfer: number;
}

/** PQ and HLG. */
const hdrTransfers: readonly number[] = [16, 18];
const displayP3 = 12;
/** Of BT.709 and of sRGB, which browsers treat alike. */
const usualTransfers: readonly number[] = [1, 13];

/** Whether the numbers are HDR. */
export function isHdr({ transfer }: ColourCode): boolean {
  return hdrTransfers.includes(transfer);
}

/** Whether the numbers are Display P3, the wide gamut of phones and browsers. */
export function isDisplayP3({ primaries, transfer }: ColourCode): boolean {
  return primaries === displayP3 && usualTransfers.includes(transfer);
}

/** The box that says how a still is shown comes before its pixels, and is far smaller than this. */
const headBytes = 256 * 1024;

/** The codes in a HEIC or an AVIF, of its image and of its thumbnails. */
export async function readHeifColours(path: string): Promise<readonly ColourCode[]> {
  const { buffer, bytesRead } = await withFile(path, (handle) =>
    handle.read(Buffer.alloc(headBytes), 0, headBytes, 0),
  );
  const head = buffer.toString('latin1', 0, bytesRead);
  return [...head.matchAll(/colrnclx(.{4})/gs)].map(([, code]) => {
    const numbers = Buffer.from(code!, 'latin1');
    return { primaries: numbers.readUInt16BE(0), transfer: numbers.readUInt16BE(2) };
  });
}
