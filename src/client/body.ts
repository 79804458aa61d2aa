import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

/** No honest answer of this API comes near it. */
const longestAnswerBytes = 1024 * 1024;

const decoders: Readonly<Record<string, typeof gunzipSync>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/**
 * Reads the body of an answer as text, 1 MiB at the most, before and after decompression.
 * `complete` is false where the connection was lost in the middle, the limit was passed or decompression failed.
 */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  contentEncoding: string | undefined,
): Promise<{ text: string; complete: boolean }> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let complete = true;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > longestAnswerBytes) {
        complete = false;
        break;
      }
    }
  } catch {
    // What has arrived may still hold the server's status, words or even a whole reference.
    complete = false;
  }
  const bytes = Buffer.concat(chunks);
  const decode = decoders[contentEncoding?.toLowerCase() ?? ''];
  if (decode === undefined) {
    return { text: bytes.toString('utf8'), complete };
  }
  try {
    return { text: decode(bytes, { maxOutputLength: longestAnswerBytes }).toString('utf8'), complete };
  } catch {
    return { text: '', complete: false };
  }
}
