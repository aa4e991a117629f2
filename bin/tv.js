#!/usr/bin/env node
// Keys are in this process's memory: a core dump is to hold none of it (core(5), "Controlling which
// mappings are written to the core dump"). Node cannot set RLIMIT_CORE. Children inherit it.
try {
  require('node:fs').writeFileSync('/proc/self/coredump_filter', '0');
} catch {
  // Not Linux, or no /proc.
}
// Before anything is loaded: Node maps only what it loads from then on, and reading the maps costs time.
if (process.argv.includes('--verbose')) process.setSourceMapsEnabled(true);
require('../dist/main.cjs');
