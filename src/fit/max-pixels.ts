/**
 * A phone takes 200 megapixels at most; four bytes each are 800 MB where a decoder needs all of them at once. A header
 * can claim any number.
 */
export const maxPixels = 200_000_000;
