/** The parts of a reference: `<REGION:email>-image:w<width>:h<height>:s<size>-uri:<nativeUri>`. */
export interface ImageReference {
  /** `REGION:email`. */
  readonly account: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly sizeBytes: number;
  readonly nativeUri: string;
}

// Fifteen digits are what a number holds for certain.
const imageReferencePattern =
  /^(?<account>[A-Z]+:.+)-image:w(?<width>\d{1,15}):h(?<height>\d{1,15}):s(?<size>\d{1,15})-uri:(?<nativeUri>\S+)$/;

/** Takes an `imageRef` apart; undefined where the text is not of the documented form. */
export function parseImageRef(text: string): ImageReference | undefined {
  const parts = imageReferencePattern.exec(text)?.groups;
  if (parts === undefined) {
    return undefined;
  }
  return {
    account: parts.account!,
    width: Number(parts.width),
    height: Number(parts.height),
    sizeBytes: Number(parts.size),
    nativeUri: parts.nativeUri!,
  };
}
