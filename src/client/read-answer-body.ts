/** Far more than any answer of this API. */
const maxAnswerBytes = 1024 * 1024;

/** The function of node:zlib that decodes each content coding. */
const decoders: ReadonlyMap<string | undefined, 'gunzipSync' | 'inflateSync' | 'brotliDecompressSync'> =
  new Map([
    ['gzip', 'gunzipSync'],
    ['x-gzip', 'gunzipSync'],
    ['deflate', 'inflateSync'],
    ['br', 'brotliDecompressSync'],
  ]);

/** The body of an answer, as far as it was read. */
export interface AnswerBody {
  readonly text: string;
  /** `lost`: the connection was lost in the middle; `too-long`: reading stopped at 1 MiB. */
  readonly ending: 'whole' | 'lost' | 'too-long';
}

/** Reads the body of an answer as text: at most 1 MiB, before and after decompression. */
export async function readAnswerBody(
  body: AsyncIterable<Uint8Array>,
  contentEncoding: string | undefined,
): Promise<AnswerBody> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let ending: AnswerBody['ending'] = 'whole';
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxAnswerBytes) {
        ending = 'too-long';
        break;
      }
    }
  } catch {
    // Keep the partial body: it may hold the server's words or even a whole reference.
    ending = 'lost';
  }
  const bytes = Buffer.concat(chunks).subarray(0, maxAnswerBytes);
  if (ending === 'too-long') {
    return { text: '', ending };
  }
  const decoder = decoders.get(contentEncoding?.toLowerCase());
  if (decoder === undefined) {
    return { text: bytes.toString('utf8'), ending };
  }
  // Loaded lazily because it is rarely needed: requests ask for no content coding.
  const { [decoder]: decode } = await import('node:zlib');
  try {
    return { text: decode(bytes, { maxOutputLength: maxAnswerBytes }).toString('utf8'), ending };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { text: '', ending: code === 'ERR_BUFFER_TOO_LARGE' ? 'too-long' : 'lost' };
  }
}
