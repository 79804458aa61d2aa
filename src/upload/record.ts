import { adviseOn, type Circumstances } from '../advice.ts';
import { ApiError, type UploadError, type UploadErrorCode } from '../errors.ts';
import type { AssetType, ContentType } from '../media/asset-types.ts';
import type { FittedSource } from '../media/check-asset.ts';
import type { AssetMeasures } from './asset-measures.ts';
import type { FileCheck } from './checked-file.ts';

interface RecordBase {
  /** The file's place in the input, from 0. */
  readonly index: number;
  /** As the person named it; `-` is standard input. */
  readonly path: string;
}

/** How a file was converted; absent if it is sent unchanged. */
interface FitBase {
  /** The changes, for people. */
  readonly fitted?: readonly string[];
  readonly source?: FittedSource;
}

interface ReferenceBase extends RecordBase, AssetMeasures, FitBase {
  readonly type: AssetType;
  readonly assetRef: string;
  /** The same reference, for images. */
  readonly imageRef?: string;
  /** `REGION:email`. */
  readonly account: string;
  /** Bytes. */
  readonly size: number;
  readonly contentType: ContentType;
  /** Of exactly the bytes that the reference belongs to; lower-case hex. */
  readonly sha256: string;
  readonly attempts: number;
  readonly durationMs: number;
  /** Oddities that do not affect the reference. */
  readonly warnings?: readonly string[];
}

/** The file was sent and has a reference. */
export interface UploadedRecord extends ReferenceBase {
  readonly status: 'uploaded';
}

/** The same bytes have a reference already, from the manifest; nothing was sent. */
export interface ReusedRecord extends ReferenceBase {
  readonly status: 'reused';
}

/** The file has no reference, and this is why. */
export interface FailedRecord extends RecordBase {
  readonly status: 'failed';
  readonly attempts: number;
  readonly error: {
    readonly code: UploadErrorCode;
    readonly message: string;
    /** Whether the same upload may succeed when tried again. */
    readonly retryable: boolean;
    /** Only if an answer came. */
    readonly httpStatus?: number;
    /** Advice for the user. */
    readonly hint?: string;
  };
}

/** The file was never settled: the run was interrupted or the batch stopped. */
export interface CancelledRecord extends RecordBase {
  readonly status: 'cancelled';
  readonly attempts: number;
}

/** The file would be sent (dry run); only the server measures images. */
export interface ValidRecord extends RecordBase, AssetMeasures, FitBase {
  readonly status: 'valid';
  readonly type: AssetType;
  /** Bytes; not known before the file is converted. */
  readonly size?: number;
  /** Not known before the file is converted. */
  readonly contentType?: ContentType;
  readonly attempts: 0;
}

/** The result of one file: the objects of `--format json`. Fields are added, never renamed. */
export type UploadRecord = UploadedRecord | ReusedRecord | FailedRecord | CancelledRecord | ValidRecord;

/** A record without its place in the input. */
export type Outcome = OmitEach<UploadRecord, 'index' | 'path'>;

/** The outcome of a file that was sent and has a reference. */
export type UploadedOutcome = Omit<UploadedRecord, 'index' | 'path'>;

type OmitEach<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never;

/** Whether a record carries a reference. */
export function hasReference(record: UploadRecord): record is UploadedRecord | ReusedRecord {
  return record.status === 'uploaded' || record.status === 'reused';
}

/** The outcome of a file that has no reference because of `error`. */
export function failedOutcome(error: UploadError, attempts: number, circumstances?: Circumstances): Outcome {
  const { code, message, retryable } = error;
  const httpStatus = error instanceof ApiError ? error.httpStatus : undefined;
  const hint = adviseOn('upload', error, circumstances);
  return {
    status: 'failed',
    attempts,
    error: {
      code,
      message,
      retryable,
      ...(httpStatus !== undefined && { httpStatus }),
      ...(hint !== undefined && { hint }),
    },
  };
}

/** The outcome of a file that was not settled when the run or the batch was stopped. */
export function cancelledOutcome(attempts: number): Outcome {
  return { status: 'cancelled', attempts };
}

/** The outcome of a file of which nothing is sent, known before the batch begins. */
export function settledWithoutSending(check: Exclude<FileCheck, { kind: 'acceptable' }>): Outcome {
  switch (check.kind) {
    case 'known':
      return { status: 'reused', ...check.upload, attempts: 0, durationMs: 0 };
    case 'refused':
      return failedOutcome(check.error, 0);
    case 'unchecked':
      return cancelledOutcome(0);
  }
}
