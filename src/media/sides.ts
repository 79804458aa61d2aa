/** The width and height of an image or of a video's frames, in pixels. The word "size" means bytes. */
export interface Sides {
  readonly width: number;
  readonly height: number;
}
