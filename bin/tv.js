#!/usr/bin/env node
// Syntax and calls here are those of old releases of Node, so that the check below can say what it has to.
const oldest = [22, 22];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `✖ tv needs Node ${oldest.join('.')} or newer.\n` +
      `  version     ${process.versions.node}\n` +
      `  executable  ${process.execPath}\n` +
      'Next: install Node 24 (https://nodejs.org/en/download), then run the same command again\n',
  );
  process.exit(3);
}

// Keys are in this process's memory: a core dump is to hold none of it (core(5), "Controlling which
// mappings are written to the core dump"). Node cannot set RLIMIT_CORE. Children inherit it.
try {
  require('node:fs').writeFileSync('/proc/self/coredump_filter', '0');
} catch {
  // Not Linux, or no /proc.
}
// Before anything is loaded: Node maps only what it loads from then on, and reading the maps costs time.
if (process.argv.includes('--verbose')) process.setSourceMapsEnabled(true);
keepCompiledCode();
require('../dist/main.cjs');

/**
 * V8's code of what was loaded is kept for the next start. Whoever can write there decides what tv does, so
 * only a folder of this user's own, closed to everybody else, is used.
 */
function keepCompiledCode() {
  const { join, isAbsolute } = require('node:path');
  const { XDG_CACHE_HOME: cache = '', HOME: home = '' } = process.env;
  const base = isAbsolute(cache) ? cache : isAbsolute(home) ? join(home, '.cache') : undefined;
  if (base === undefined) return;
  const folder = join(base, 'tv', 'compiled');
  try {
    const { mkdirSync, lstatSync } = require('node:fs');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    if (uid !== process.geteuid() || (mode & 0o077) !== 0) return;
    require('node:module').enableCompileCache(folder);
  } catch {
    // A home that cannot be written: tv starts without it.
  }
}
