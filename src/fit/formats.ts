import { listExtensions } from '../media/asset-types.ts';

/** A format that the fitter reads: its name for people, and its decoder. */
export type Format = ImageFormat | ClipFormat;

/** A format of images. */
export interface ImageFormat {
  readonly kind: 'image';
  readonly name: string;
  readonly contentType: string;
  readonly extensions: readonly string[];
  readonly decoder: 'sharp' | 'heic-decode';
  /** ffmpeg's name of it, where ffmpeg decodes it to a PNG first. */
  readonly demuxer?: string;
  /** Whether it holds exactly the pixels that were saved; otherwise another lossless copy is useless. */
  readonly lossless: boolean;
  /** Whether the service accepts it. */
  readonly accepted: boolean;
  /** Whether its boxes are those of ISO/IEC 23008-12. */
  readonly isHeif: boolean;
}

/** A format of clips. A clip is a video or an audio file; its streams decide which. */
export interface ClipFormat {
  readonly kind: 'clip';
  readonly name: string;
  readonly contentType: string;
  readonly extensions: readonly string[];
  /** ffmpeg's name of it: a format that is known cannot turn out to be a playlist. */
  readonly demuxer: string;
  /** Whether the service accepts videos in it. */
  readonly acceptsVideo: boolean;
  /** Whether the service accepts audio in it. */
  readonly acceptsAudio: boolean;
  /** Whether its streams can be copied into another container without changing the content or its timing. */
  readonly copyable: boolean;
  /** Whether its header only estimates the duration, so that the packets must be read. */
  readonly guessesDuration: boolean;
  /** Whether ffmpeg cannot seek to a key frame in it, so that it is decoded from its start. */
  readonly seeksInexactly: boolean;
}

const image = (
  contentType: string,
  name: string,
  extensions: readonly string[],
  more: Partial<ImageFormat> = {},
): ImageFormat => ({
  kind: 'image',
  contentType,
  name,
  extensions,
  decoder: 'sharp',
  lossless: false,
  accepted: false,
  isHeif: false,
  ...more,
});

const clip = (
  contentType: string,
  name: string,
  extensions: readonly string[],
  demuxer: string,
  more: Partial<ClipFormat> = {},
): ClipFormat => ({
  kind: 'clip',
  contentType,
  name,
  extensions,
  demuxer,
  acceptsVideo: false,
  acceptsAudio: false,
  copyable: false,
  guessesDuration: false,
  seeksInexactly: false,
  ...more,
});

/** The intermediate format of frames of videos, and of images that ffmpeg decodes. */
export const pngFormat: ImageFormat = image('image/png', 'PNG', ['png'], {
  accepted: true,
  lossless: true,
});

/** The one table of formats, by file-type's name. */
const formats: readonly Format[] = [
  image('image/jpeg', 'JPEG', ['jpg', 'jpeg'], { accepted: true }),
  pngFormat,
  image('image/webp', 'WebP', ['webp'], { accepted: true }),
  image('image/avif', 'AVIF', ['avif'], { isHeif: true }),
  image('image/gif', 'GIF', ['gif'], { lossless: true }),
  image('image/tiff', 'TIFF', ['tif', 'tiff'], { lossless: true }),
  image('image/heic', 'HEIC', ['heic'], { decoder: 'heic-decode', isHeif: true }),
  image('image/heif', 'HEIF', ['heif'], { decoder: 'heic-decode', isHeif: true }),
  image('image/heic-sequence', 'HEIC sequence', ['heics'], { decoder: 'heic-decode', isHeif: true }),
  image('image/bmp', 'BMP', ['bmp'], { demuxer: 'bmp_pipe', lossless: true }),

  clip('video/mp4', 'MP4', ['mp4'], 'mp4', { acceptsVideo: true, acceptsAudio: true }),
  clip('video/x-m4v', 'MP4', ['m4v'], 'mp4', { acceptsVideo: true, acceptsAudio: true }),
  clip('video/quicktime', 'QuickTime', ['mov'], 'mov', { acceptsVideo: true }),
  clip('video/webm', 'WebM', ['webm'], 'matroska', { acceptsVideo: true }),
  clip('video/matroska', 'Matroska', ['mkv', 'mka'], 'matroska', { copyable: true }),
  clip('video/mp2t', 'MPEG-TS', ['ts', 'mts', 'm2ts'], 'mpegts', {
    copyable: true,
    seeksInexactly: true,
  }),
  clip('video/x-flv', 'FLV', ['flv'], 'flv', { copyable: true }),
  clip('video/vnd.avi', 'AVI', ['avi'], 'avi'),
  clip('video/3gpp', '3GP', ['3gp'], 'mov'),
  clip('video/3gpp2', '3GP', ['3g2'], 'mov'),
  clip('video/mpeg', 'MPEG', ['mpg', 'mpeg'], 'mpeg'),
  clip('video/MP1S', 'MPEG', [], 'mpeg'),
  clip('video/MP2P', 'MPEG', [], 'mpeg'),
  clip('video/x-ms-asf', 'Windows Media', ['wmv', 'asf'], 'asf'),
  clip('video/ogg', 'Ogg', ['ogv'], 'ogg', { guessesDuration: true }),

  clip('audio/mpeg', 'MP3', ['mp3'], 'mp3', { acceptsAudio: true, guessesDuration: true }),
  clip('audio/wav', 'WAV', ['wav'], 'wav', { acceptsAudio: true }),
  clip('audio/x-m4a', 'M4A', ['m4a'], 'mp4', { acceptsAudio: true }),
  clip('audio/mp4', 'M4A', [], 'mp4', { acceptsAudio: true }),
  clip('audio/aac', 'AAC', ['aac'], 'aac', { acceptsAudio: true, guessesDuration: true }),
  clip('audio/flac', 'FLAC', ['flac'], 'flac'),
  clip('audio/ogg', 'Ogg', ['ogg', 'oga', 'opus'], 'ogg', { guessesDuration: true }),
  clip('application/ogg', 'Ogg', [], 'ogg', { guessesDuration: true }),
  clip('audio/aiff', 'AIFF', ['aif', 'aiff'], 'aiff'),
  clip('audio/x-ms-asf', 'Windows Media', ['wma'], 'asf'),
  clip('application/vnd.ms-asf', 'Windows Media', [], 'asf'),
  clip('audio/amr', 'AMR', ['amr'], 'amr', { guessesDuration: true }),
  clip('audio/vnd.dolby.dd-raw', 'AC-3', ['ac3'], 'ac3', { guessesDuration: true }),
  clip('audio/wavpack', 'WavPack', ['wv'], 'wv'),
  clip('audio/ape', "Monkey's Audio", ['ape'], 'ape'),
];

/**
 * The extensions of files that are accepted already, and then those of files that can be converted; in lower case,
 * without a dot.
 */
export const fittableExtensions: readonly string[] = [
  ...new Set([...listExtensions(), ...formats.flatMap((format) => format.extensions)]),
];

/**
 * Detects a file's format by its content; undefined for one that cannot be converted.
 *
 * @throws if the file cannot be read
 */
export async function recogniseFormat(path: string): Promise<Format | undefined> {
  const { fileTypeFromFile } = await import('file-type');
  const found = await fileTypeFromFile(path);
  // It names codecs too, as in "audio/ogg; codecs=opus", and has a name of its own for an animated PNG.
  const contentType = found?.mime.replace(/;.*/, '').replace('image/apng', 'image/png');
  if (contentType === 'audio/mpeg' && found?.ext !== 'mp3') {
    return mpegAudio;
  }
  return formats.find((it) => it.contentType === contentType);
}

/** Layers I and II share the Content-Type of MP3. */
const mpegAudio = clip('audio/mpeg', 'MPEG audio', [], 'mp3', { guessesDuration: true });
