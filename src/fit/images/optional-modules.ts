import { createRequire } from 'node:module';
import type Sharp from 'sharp';
import { FileError } from '../../errors.ts';

/** The optional packages that decode images. */
type OptionalModule = 'sharp' | 'heic-decode';

/** The line that installs them beside this program. */
export const installModules = 'npm install -g sharp heic-decode';

const hint = `Install what decodes images: ${installModules} (without -g if dreamina-upload is in a project)`;

/**
 * Loads packages of the user's installation: those beside this package, or above it, as with a global installation.
 * Never loads those of the working directory, which may be a stranger's.
 */
const requireBesideUs = createRequire(import.meta.url);

/**
 * The image library.
 *
 * @throws FileError `cannot_fit` if it is not installed or was installed for another platform
 */
export function loadSharp(): typeof Sharp {
  requireModule('sharp');
  try {
    const sharp = requireBesideUs('sharp') as typeof Sharp;
    // Its cache would only hold on to the memory of finished images.
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    throw new FileError(
      'cannot_fit',
      'sharp, which decodes images, is installed but does not start on this platform',
      { hint: `Install it again on this machine: ${installModules}`, cause },
    );
  }
}

/** The part of heic-decode that is used; it has no types. */
interface HeicDecode {
  all(options: { readonly buffer: Buffer }): Promise<HeicImage[] & { dispose(): void }>;
}

interface HeicImage {
  readonly width: number;
  readonly height: number;
  decode(): Promise<{ readonly data: Uint8ClampedArray; readonly width: number; readonly height: number }>;
}

/**
 * The decoder of HEIC.
 *
 * @throws FileError `cannot_fit` if it is not installed
 */
export function loadHeicDecode(): HeicDecode {
  requireModule('heic-decode');
  return requireBesideUs('heic-decode') as HeicDecode;
}

/**
 * Makes sure that a module is there.
 *
 * @throws FileError `cannot_fit` if it is not installed
 */
function requireModule(name: OptionalModule): void {
  try {
    requireBesideUs.resolve(name);
  } catch (cause) {
    throw new FileError('cannot_fit', `${name}, which is needed to decode it, is not installed`, {
      hint,
      cause,
    });
  }
}

/** The version that is installed; undefined if there is none, or it does not start. */
export function findModuleVersion(name: OptionalModule): string | undefined {
  try {
    if (name === 'sharp') {
      return loadSharp().versions.sharp;
    }
    return (requireBesideUs(`${name}/package.json`) as { version: string }).version;
  } catch {
    return undefined;
  }
}
