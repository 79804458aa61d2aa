#!/usr/bin/env node
// In syntax that Node 12 can parse, so that it can say what is needed.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`error: dreamina needs Node.js 20.19 or newer; this is ${process.version}\n`);
  process.exitCode = 1;
} else {
  require('./enable-compile-cache.js');
  require('../dist/command/main.cjs');
}
