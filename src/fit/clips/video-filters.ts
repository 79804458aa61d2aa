import type { Aspect } from '../../files/edits.ts';
import { describeCrop, resolveCrop } from '../crop.ts';
import type { VideoFacts } from './clip-facts.ts';

/** The sides that a video's frames get, and the filters that give them. */
export interface VideoShape {
  readonly width: number;
  readonly height: number;
  /** ffmpeg's filters; none if the frames have that shape already. */
  readonly filters: readonly string[];
  /** Whether every pixel is kept, except for an odd last row or column. */
  readonly isWhole: boolean;
  /** The changes, for people. */
  readonly texts: readonly string[];
}

/**
 * Crops frames to the aspect, makes their pixels square without losing any, and scales them down to the largest side.
 *
 * @param step sides are multiples of it: 2 for H.264, 1 for images
 */
export function resolveShape(
  video: VideoFacts,
  aspect: Aspect | undefined,
  options: { readonly maxSidePx: number; readonly step: 1 | 2 },
): VideoShape {
  const { step, maxSidePx } = options;
  const { pixelAspect } = video;
  // Non-square pixels are stretched, never squeezed.
  const stretch = { x: Math.max(1, pixelAspect), y: Math.max(1, 1 / pixelAspect) };
  const shown = { width: video.width * stretch.x, height: video.height * stretch.y };
  const crop = aspect && resolveCrop(Math.round(shown.width), Math.round(shown.height), aspect);
  const kept = crop ?? shown;
  const scale = Math.min(1, maxSidePx / Math.max(kept.width, kept.height));
  const source = {
    width: Math.min(video.width, Math.round(kept.width / stretch.x)),
    height: Math.min(video.height, Math.round(kept.height / stretch.y)),
  };
  const isScaled = scale < 1 || pixelAspect !== 1;
  const width = floorTo(step, isScaled ? kept.width * scale : source.width);
  const height = floorTo(step, isScaled ? kept.height * scale : source.height);
  // Drop an odd last row or column instead of scaling, so that the other pixels stay as they are.
  const cut = isScaled ? source : { width, height };
  const filters: string[] = [];
  if (cut.width !== video.width || cut.height !== video.height) {
    filters.push(`crop=${cut.width}:${cut.height}:exact=1`);
  }
  if (isScaled) {
    filters.push(`scale=${width}:${height}:flags=lanczos`, 'setsar=1');
  }
  return {
    width,
    height,
    filters,
    isWhole: crop === undefined && scale === 1,
    texts: [
      ...(crop && aspect ? [describeCrop(aspect)] : []),
      ...(scale < 1 ? [`scaled to ${width}x${height}`] : []),
      ...(pixelAspect === 1 ? [] : ['pixels made square']),
    ],
  };
}

function floorTo(step: number, value: number): number {
  return Math.max(step, Math.floor((value + 0.001) / step) * step);
}

const hdrTransfers = new Set(['smpte2084', 'arib-std-b67']);
/** The usual matrix of primaries wider than BT.709's. */
const wideMatrices: Readonly<Record<string, string>> = {
  bt2020: 'bt2020nc',
  smpte431: 'bt709',
  smpte432: 'bt709',
};

/** How a video's colours are converted to those that every player shows. */
export interface VideoColour {
  /** ffmpeg's filters; none if the colours stay. */
  readonly filters: readonly string[];
  /** The change, for people. */
  readonly texts: readonly string[];
}

/** Detects HDR and wide gamut, which are converted to BT.709. */
export function resolveColour({ transfer, primaries }: VideoFacts): VideoColour {
  const matrix = wideMatrices[primaries];
  if (hdrTransfers.has(transfer)) {
    const source = `pin=${matrix === undefined ? 'bt2020' : primaries}:min=${matrix ?? 'bt2020nc'}`;
    return {
      filters: [
        `zscale=${source}:tin=${transfer}:t=linear:npl=100`,
        'format=gbrpf32le',
        'zscale=p=bt709',
        'tonemap=hable:desat=0',
        'zscale=t=bt709:m=bt709:r=tv',
      ],
      texts: ['converted from HDR to SDR'],
    };
  }
  return matrix === undefined
    ? { filters: [], texts: [] }
    : {
        filters: [`zscale=pin=${primaries}:min=${matrix}:tin=bt709:p=bt709:m=bt709:t=bt709:r=tv`],
        texts: ['converted from a wide gamut to BT.709'],
      };
}

const isRgb = ({ pixelFormat }: VideoFacts) => /rgb|bgr|gbr|pal8/.test(pixelFormat);

/** Filters for a frame that becomes an image. If the file does not say, players take HD for BT.709; ffmpeg does not. */
export function resolveFrameMatrix(video: VideoFacts): readonly string[] {
  const isHd = video.width >= 1280 || video.height > 576;
  return video.matrix === 'unknown' && isHd && !isRgb(video) ? ['setparams=colorspace=bt709'] : [];
}

/** Filters for an RGB video that is encoded as YUV: ffmpeg would use BT.601, and not write that into the file. */
export function resolveEncodedMatrix(video: VideoFacts): readonly string[] {
  return isRgb(video)
    ? [
        'scale=out_color_matrix=bt709:out_range=tv',
        'setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv',
      ]
    : [];
}
