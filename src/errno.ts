/** Descriptions of system errors, to follow a colon. */
const meanings: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'its path is too long for the system',
  // Node's own error, before it asks the system.
  ERR_INVALID_ARG_VALUE: 'its path contains a NUL byte',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is exceeded',
  EFBIG: 'the file would be too large',
  EROFS: 'the disk is read-only',
  EBUSY: 'another program is using it',
  EIO: 'the disk reports an error',
  ENOMEM: 'there is not enough memory',
};

/** Describes a system error; its code if there is no description. Node's own errors have words that are plainer. */
export function describeErrno(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return meanings[code] || (code.startsWith('ERR_') ? message : code) || message || 'unknown error';
}

/** Whether this process or this machine had too many files and connections open; temporary, until some are closed. */
export function isOutOfHandles(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE' || (cause instanceof Error && isOutOfHandles(cause));
}

/** Whether the operating system refused something; codes of Node's own errors have an underscore. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return /^E[A-Z0-9]+$/.test(String((error as NodeJS.ErrnoException).code));
}
