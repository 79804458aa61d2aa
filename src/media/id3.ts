/** Bytes of a tag's header. */
const tagHeaderBytes = 10;

/** Tags that a file may have one after the other; more make no sense. */
const maxTags = 8;

/** Where the ID3 tags before audio end, 0 if there are none. */
export async function findTagsEnd(
  read: (position: number, length: number) => Buffer | Promise<Buffer>,
): Promise<number> {
  let end = 0;
  for (let tags = 0; tags < maxTags; tags++) {
    const tagBytes = readTagBytes(await read(end, tagHeaderBytes));
    if (tagBytes === 0) {
      break;
    }
    end += tagBytes;
  }
  return end;
}

/** The bytes that an ID3v2 tag takes with its header, 0 if there is none: https://id3.org/id3v2.4.0-structure */
function readTagBytes(header: Buffer): number {
  if (header.length < tagHeaderBytes || header.toString('latin1', 0, 3) !== 'ID3') {
    return 0;
  }
  const size = [6, 7, 8, 9].reduce((sum, index) => sum * 128 + (header[index]! & 0x7f), 0);
  const hasFooter = (header[5]! & 0x10) !== 0;
  return tagHeaderBytes + size + (hasFooter ? 10 : 0);
}
