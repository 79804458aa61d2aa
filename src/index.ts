export type { Account } from './client/accounts.ts';
export type { UploadedAsset } from './client/answer.ts';
export type { ImageUpload } from './client/client.ts';
export { type ImageReference, parseImageRef } from './client/reference.ts';
export { ConfigError, UploadError, type UploadErrorCode, UsageError } from './errors.ts';
export {
  DreaminaClient,
  type DreaminaClientOptions,
  type UploadFilesOptions,
  uploadFiles,
} from './library.ts';
export type { UploadEvent } from './upload/event.ts';
export type {
  CancelledRecord,
  FailedRecord,
  ReusedRecord,
  UploadedRecord,
  UploadRecord,
  ValidRecord,
} from './upload/record.ts';
