import { rm } from 'node:fs/promises';
import { FileError } from '../../errors.ts';
import { maxPixels } from '../max-pixels.ts';
import { type EncodedImage, encodeImage } from './encode-image.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { openImage } from './open-image.ts';

/**
 * Decodes an image and encodes it as the recipe says.
 *
 * @param scratchPath an unused path, for the decoded image
 * @throws FileError `cannot_fit`, or an error of the file system
 */
export async function fitImage(
  path: string,
  recipe: ImageRecipe,
  scratchPath: string,
): Promise<EncodedImage> {
  try {
    const opened = await openImage(path, recipe, scratchPath);
    const { texts, ...encoded } = await encodeImage(opened, recipe);
    return { ...encoded, texts: [...opened.texts, ...texts] };
  } catch (error) {
    throw error instanceof FileError || 'code' in (error as Error) ? error : undecodable(error as Error);
  } finally {
    await rm(scratchPath, { force: true });
  }
}

function undecodable(error: Error): FileError {
  const hint = 'Copy or export it again if it is cut short; otherwise convert it to JPEG or PNG.';
  if (/pixel limit/i.test(error.message)) {
    return new FileError('cannot_fit', `it has more than ${maxPixels / 1e6} megapixels`, {
      hint: 'Scale it down first.',
      cause: error,
    });
  }
  // The library's message has several lines, and may quote the file.
  const [words = ''] = error.message.replace(/^Input (file|buffer) /, '').split('\n');
  return new FileError('cannot_fit', `it cannot be decoded: ${words.slice(0, 200)}`, { hint, cause: error });
}
