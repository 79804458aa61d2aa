/** The size of a picture, in pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
}

/**
 * The size with square pixels. One side grows and none shrinks, as players do it.
 *
 * @param pixelAspect the width of a pixel, by its height
 */
export function withSquarePixels({ width, height }: Picture, pixelAspect: number): Picture {
  return {
    width: Math.round(width * Math.max(pixelAspect, 1)),
    height: Math.round(height / Math.min(pixelAspect, 1)),
  };
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
