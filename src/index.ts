export type { Account } from './client/accounts-answer.ts';
export type { AssetUpload } from './client/client.ts';
export {
  type AssetReference,
  type ImageReference,
  parseAssetRef,
  parseImageRef,
} from './client/reference.ts';
export type { UploadedAsset } from './client/upload-answer.ts';
export {
  ApiError,
  type ApiErrorCode,
  ConfigError,
  FileError,
  type FileErrorCode,
  UploadError,
  type UploadErrorCode,
  UsageError,
} from './errors.ts';
export {
  DreaminaClient,
  type DreaminaClientOptions,
  type UploadFilesOptions,
  uploadFiles,
} from './library.ts';
export type { AssetType, ContentType } from './media/asset-types.ts';
export type { UploadEvent } from './upload/event.ts';
export type {
  CancelledRecord,
  FailedRecord,
  ReusedRecord,
  UploadedRecord,
  UploadRecord,
  ValidRecord,
} from './upload/record.ts';
