/** Bytes of a tag's header. */
export const tagHeaderBytes = 10;

/** Tags that a file may have one after the other; more make no sense. */
export const maxTags = 8;

/** The bytes that an ID3v2 tag takes with its header, 0 if there is none: https://id3.org/id3v2.4.0-structure */
export function readTagBytes(header: Buffer): number {
  if (header.length < tagHeaderBytes || header.toString('latin1', 0, 3) !== 'ID3') {
    return 0;
  }
  const size = [6, 7, 8, 9].reduce((sum, index) => sum * 128 + (header[index]! & 0x7f), 0);
  const hasFooter = (header[5]! & 0x10) !== 0;
  return tagHeaderBytes + size + (hasFooter ? 10 : 0);
}
