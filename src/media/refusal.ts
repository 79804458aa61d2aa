/** Why a file is not sent, as it stands in a record's `error`. */
export interface Refusal {
  readonly code: 'unsupported_type' | 'too_large' | 'damaged' | 'bad_duration' | 'bad_dimensions';
  /** Begins with "it", in place of the file's name. */
  readonly message: string;
  /** What the person can do about it. */
  readonly hint: string;
}

/** A file that is cut short or whose structure makes no sense. */
export function damaged(message: string): Refusal {
  return {
    code: 'damaged',
    message,
    hint: 'Copy, download or export it again: it is incomplete or damaged.',
  };
}
