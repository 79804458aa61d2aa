#!/usr/bin/env node
// In syntax that Node 12 can parse, so that it can say what is needed.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`error: dreamina needs Node.js 20.19 or newer; this is ${process.version}\n`);
  process.exitCode = 1;
} else {
  // Node 22 and newer start a program faster that they have compiled before. What they keep lies beside the program,
  // where only those can write who could change the program itself; where nobody can, nothing is kept.
  const { enableCompileCache } = require('node:module');
  if (enableCompileCache) {
    enableCompileCache(require('node:path').join(__dirname, '..', 'dist', '.compiled'));
  }
  require('../dist/command/main.cjs');
}
