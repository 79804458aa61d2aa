import { isUtf8 } from 'node:buffer';

/**
 * On Linux a file name is any bytes. Inside the program a path is text all the same: a byte that is not UTF-8 becomes
 * one of U+DC80 to U+DCFF, which no UTF-8 gives (Python does the same: https://peps.python.org/pep-0383/).
 */
export function decodePath(bytes: Buffer): string {
  return isUtf8(bytes)
    ? bytes.toString('utf8')
    : bytes
        .toString('latin1')
        .replace(utf8OrByte, (match, byte?: string) =>
          byte === undefined
            ? Buffer.from(match, 'latin1').toString('utf8')
            : String.fromCharCode(0xdc00 + byte.charCodeAt(0)),
        );
}

/** A path for Node's file functions: exactly the bytes that {@link decodePath} was given. */
export function encodePath(path: string): string | Buffer {
  if (path.search(undecodedByte) === -1) {
    return path;
  }
  return Buffer.concat(
    path
      .split(undecodedByte)
      .map((part) =>
        isUndecodedByte(part) ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, 'utf8'),
      ),
  );
}

/** A path for messages and records: every byte that is not UTF-8 becomes U+FFFD. */
export function showPath(path: string): string {
  return path.replace(undecodedByte, '\ufffd');
}

/** Whether a character represents a byte that is not UTF-8. */
export function isUndecodedByte(character: string): boolean {
  return character.length === 1 && character >= '\udc80' && character <= '\udcff';
}

/** The `u` flag keeps it from matching the low surrogate of a pair. */
const undecodedByte = /([\udc80-\udcff])/gu;

/** Table 3-7 of the Unicode standard, in bytes. */
const utf8OrByte =
  /[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])/g;
