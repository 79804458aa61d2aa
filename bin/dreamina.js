#!/usr/bin/env node
require('./enable-compile-cache.js');
require('../dist/command/main.cjs');
