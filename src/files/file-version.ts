import type { BigIntStats } from 'node:fs';

/**
 * A text that differs when a file was written to or replaced. Without the inode, because on FUSE it may change while
 * the file does not; a change that restores the modification time shows in `ctime`.
 */
export function formatFileVersion({ size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs].join(':');
}
