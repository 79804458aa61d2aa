import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { FileError, type FileErrorCode } from '../../errors.ts';
import type { EncodedImage } from './encode-image.ts';
import { fitImage } from './fit-image.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { makePreview } from './make-preview.ts';
import { loadHeicDecode, loadSharp } from './optional-modules.ts';

/** A request to a process of {@link ImageProcesses}: load the decoders, convert an image, or make a preview. */
export type WorkerRequest =
  | { readonly kind: 'load'; readonly decoder: ImageRecipe['decoder'] }
  | ({ readonly kind: 'fit' } & FitRequest)
  | { readonly kind: 'preview'; readonly image: string | Uint8Array };

/** An image to convert. */
export interface FitRequest {
  readonly path: string;
  readonly recipe: ImageRecipe;
  /** An unused path, for the decoded image. */
  readonly scratchPath: string;
  readonly outputPath: string;
}

/** An image that was converted. */
export type FittedImage = Omit<EncodedImage, 'bytes'>;

/** The answer of such a process. */
export type WorkerAnswer =
  | { readonly kind: 'done'; readonly result: unknown }
  /** Not the image's failure but the file system's, with the code of its errno. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | {
      readonly kind: 'refused';
      readonly code: FileErrorCode;
      readonly message: string;
      readonly hint: string | undefined;
    };

// A parent that was killed sends nothing more.
process.on('disconnect', () => process.exit());
process.on('message', (request: WorkerRequest) => {
  void answer(request).then((it) => process.send?.(it));
});

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  try {
    return { kind: 'done', result: await work(request) };
  } catch (error) {
    if (error instanceof FileError) {
      const { code, message, hint } = error;
      return { kind: 'refused', code, message, hint };
    }
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { kind: 'failed', code, message };
  }
}

async function work(request: WorkerRequest): Promise<FittedImage | Buffer | undefined> {
  switch (request.kind) {
    case 'load':
      loadSharp();
      if (request.decoder === 'heic-decode') {
        loadHeicDecode();
      }
      return undefined;
    case 'fit': {
      const { bytes, ...fitted } = await fitImage(request.path, request.recipe, request.scratchPath);
      await writeFile(request.outputPath, bytes, { flag: 'wx' });
      return fitted;
    }
    case 'preview':
      return makePreview(request.image);
  }
}
