/** What the service accepts, by kind of asset. */
export interface FitLimits {
  readonly image: { readonly maxBytes: number };
  readonly video: {
    readonly maxBytes: number;
    readonly durationMs: Range;
    /** Of each side, as it is displayed. */
    readonly sidePx: Range;
  };
  readonly audio: { readonly maxBytes: number; readonly durationMs: Range };
}

interface Range {
  readonly min: number;
  readonly max: number;
}
