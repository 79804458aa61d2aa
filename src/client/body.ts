/** No honest answer of this API comes near it. */
const longestAnswerBytes = 1024 * 1024;

/** What undoes each content coding, by its name in node:zlib. */
const decoders: ReadonlyMap<string | undefined, 'gunzipSync' | 'inflateSync' | 'brotliDecompressSync'> =
  new Map([
    ['gzip', 'gunzipSync'],
    ['x-gzip', 'gunzipSync'],
    ['deflate', 'inflateSync'],
    ['br', 'brotliDecompressSync'],
  ]);

/** The body of an answer, as far as it was read. */
export interface Body {
  readonly text: string;
  /** `lost` where the connection was lost in the middle, `too-long` where the reading stopped at 1 MiB. */
  readonly ending: 'whole' | 'lost' | 'too-long';
}

/** Reads the body of an answer as text, 1 MiB at the most, before and after decompression. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  contentEncoding: string | undefined,
): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let ending: Body['ending'] = 'whole';
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > longestAnswerBytes) {
        ending = 'too-long';
        break;
      }
    }
  } catch {
    // What has arrived may still hold the server's status, words or even a whole reference.
    ending = 'lost';
  }
  const bytes = Buffer.concat(chunks).subarray(0, longestAnswerBytes);
  const decoder = decoders.get(contentEncoding?.toLowerCase());
  if (decoder === undefined) {
    return { text: bytes.toString('utf8'), ending };
  }
  // Hardly ever needed, as none is asked for.
  const { [decoder]: decode } = await import('node:zlib');
  try {
    return { text: decode(bytes, { maxOutputLength: longestAnswerBytes }).toString('utf8'), ending };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { text: '', ending: code === 'ERR_BUFFER_TOO_LARGE' ? 'too-long' : 'lost' };
  }
}
