/** The format that ffmpeg writes. */
export interface ClipContainer {
  readonly muxer: string;
  readonly extension: string;
  /** ffmpeg's options for it. */
  readonly options: readonly string[];
}

const faststart = ['-movflags', '+faststart'];
/** The containers of converted clips. */
export const containers = {
  mp4: { muxer: 'mp4', extension: 'mp4', options: faststart },
  mov: { muxer: 'mov', extension: 'mov', options: faststart },
  webm: { muxer: 'webm', extension: 'webm', options: [] },
  m4a: { muxer: 'ipod', extension: 'm4a', options: faststart },
  mp3: { muxer: 'mp3', extension: 'mp3', options: [] },
  wav: { muxer: 'wav', extension: 'wav', options: [] },
  aac: { muxer: 'adts', extension: 'aac', options: [] },
} as const satisfies Record<string, ClipContainer>;

/** For people: that nothing is encoded. */
export function describeCopy({ extension }: ClipContainer): string {
  const name = extension === 'webm' ? 'WebM' : extension.toUpperCase();
  return `copied into ${name}, not encoded`;
}
