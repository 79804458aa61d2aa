import type { UploadedRecord } from '../../src/upload/record.ts';

/** The record of an image that was uploaded. */
export function uploadedRecord(given: Partial<UploadedRecord> = {}): UploadedRecord {
  return {
    index: 0,
    path: 'a.png',
    status: 'uploaded',
    type: 'image',
    assetRef: 'reference',
    imageRef: 'reference',
    account: 'US:name@example.com',
    size: 1000,
    contentType: 'image/png',
    sha256: '0'.repeat(64),
    attempts: 1,
    durationMs: 1,
    ...given,
  };
}
