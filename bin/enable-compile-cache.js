const { lstatSync, mkdirSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { dirname, join } = require('node:path');

const root = dirname(__dirname);
const folder = join(root, 'dist', '.compiled');

// Node 22 and newer can cache compiled code, so that the next start is faster. They run what is in the cache unchecked,
// so it must be in a folder that nobody else can write to.
if (enableCompileCache !== undefined && isPrivate()) {
  enableCompileCache(folder);
}

/** Whether the folder is, or can be made, the current user's alone. On Windows, it inherits its permissions. */
function isPrivate() {
  if (process.geteuid === undefined) {
    return true;
  }
  try {
    if ([root, dirname(folder)].some((parent) => lstatSync(parent).mode & 0o002)) {
      return false;
    }
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) {
      mkdirSync(folder, 0o700);
    }
    const stats = lstatSync(folder);
    return stats.isDirectory() && stats.uid === process.geteuid() && (stats.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
