import type { Aspect } from '../files/edits.ts';
import type { Sides } from '../media/sides.ts';

/**
 * The part in the middle of an image that has that shape, in whole pixels; undefined if that is the whole image, or
 * less than a pixel smaller.
 */
export function resolveCrop(
  width: number,
  height: number,
  aspect: Aspect,
): (Sides & { readonly left: number; readonly top: number }) | undefined {
  const wanted = aspect.width / aspect.height;
  const cropped = {
    width: Math.max(1, Math.min(width, Math.round(height * wanted))),
    height: Math.max(1, Math.min(height, Math.round(width / wanted))),
  };
  // 854 x 480 is meant to be 16:9, too.
  if (Math.abs(width - height * wanted) < 1 || Math.abs(height - width / wanted) < 1) {
    return undefined;
  }
  return {
    ...cropped,
    left: Math.floor((width - cropped.width) / 2),
    top: Math.floor((height - cropped.height) / 2),
  };
}

/** For people: that pixels outside the shape are left out. */
export function describeCrop({ width, height }: Aspect): string {
  return `cropped to ${width}:${height}`;
}
