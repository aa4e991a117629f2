import { existsSync, realpathSync } from 'node:fs';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

/**
 * How this tv came to the machine. `package`: installed by npm; `checkout`: from its source; `standalone`: one
 * executable; `debian`: that executable, from the Debian package.
 */
export const ownForms = ['package', 'checkout', 'standalone', 'debian'] as const;
export type OwnForm = (typeof ownForms)[number];

/** Brought by the package that `npm run build:deb` makes, and by nothing else. */
const debianUnit = '/usr/lib/systemd/system/tempovault-monitor.service';

export function ownForm(): OwnForm {
  if (isSea()) {
    const isInstalled = realpathSync(process.execPath) === '/usr/bin/tv' && existsSync(debianUnit);
    return isInstalled ? 'debian' : 'standalone';
  }
  return fileURLToPath(import.meta.url).includes('/node_modules/') ? 'package' : 'checkout';
}

/** The first argument with which the standalone executable runs a file as Node does, and is not tv. */
export const runFileWord = '__run-file';

/** The words that run a JavaScript file with the Node of this tv, before the path of the file. */
export function nodeWords(): readonly string[] {
  return isSea() ? [process.execPath, runFileWord] : [process.execPath];
}

/** The words that call this tv again, before its own arguments. */
export function ownWords(): readonly string[] {
  return isSea() ? [process.execPath] : [process.execPath, process.argv[1] ?? 'tv'];
}
