/** The width and height of an image or of a video's frames, in pixels. */
export interface Sides {
  readonly width: number;
  readonly height: number;
}

/**
 * The sides with square pixels. One grows and none shrinks, as players do it.
 *
 * @param pixelAspect the width of a pixel, by its height
 */
export function withSquarePixels({ width, height }: Sides, pixelAspect: number): Sides {
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
  readonly sides?: Sides | undefined;
  /** Undefined for an image. */
  readonly durationMs?: number;
}
