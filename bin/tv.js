#!/usr/bin/env node
// Before anything is loaded: Node maps only what it loads from then on, and reading the maps costs time.
if (process.argv.includes('--verbose')) process.setSourceMapsEnabled(true);
require('../dist/main.cjs');
