#!/usr/bin/env node
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');

// Node 22 and newer start a program faster that they have compiled before. What they keep lies beside the program, where
// only those can write who could change the program itself; where nobody can, nothing is kept.
enableCompileCache?.(join(__dirname, '..', 'dist', '.compiled'));
require('../dist/command/main.cjs');
