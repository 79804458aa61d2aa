/** The size of a picture, in pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
}

/**
 * What a reader of a container found out. Readers throw a RangeError for a file that is damaged: because they say so,
 * or because a read outside of a Buffer does.
 */
export interface Measures {
  /** As displayed; undefined if there is no video. */
  readonly picture?: Picture | undefined;
  /** Undefined for an image. */
  readonly durationMs?: number;
}
