/** So that images of about the same size do not each need a little more. */
const granuleBytes = 256 * 1024;

/**
 * Memory that holds one image after the other. Fresh memory for each would be cleared by the system, page by page, and
 * be collected by Node: a fifth of the processor time of an upload.
 */
export class ReusedMemory {
  #buffer = Buffer.alloc(0);

  /** At least that many bytes, which hold whatever was in them before. What was taken before is not valid any more. */
  take(sizeBytes: number): Buffer {
    if (this.#buffer.length < sizeBytes) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.ceil(sizeBytes / granuleBytes) * granuleBytes);
    }
    return this.#buffer;
  }
}
