/** The size of a picture, in pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
}

/**
 * What a container's reader has measured. Readers throw a RangeError for a damaged file, explicitly or by reading
 * outside of a Buffer.
 */
export interface Measures {
  /** As displayed; undefined if there is no video. */
  readonly picture?: Picture | undefined;
  /** Undefined for an image. */
  readonly durationMs?: number;
}
