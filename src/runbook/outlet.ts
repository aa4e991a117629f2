import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { terminalSafe } from '../errors/outsideText.ts';
import type { Secrets } from './secrets.ts';
import { syncDirectory } from './syncDirectory.ts';

/**
 * The one way out of tv: everything printed and every file written passes here. Secrets are taken out
 * here and nowhere else, and nothing that steers a terminal gets past.
 */
export class Outlet {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  print(stream: 'stdout' | 'stderr', text: string): void {
    process[stream].write(this.forTerminal(text));
  }

  /** For what draws on the terminal by itself (spinner, questions). */
  forTerminal(text: string): string {
    return terminalSafe(this.#secrets.redact(text));
  }

  redact(text: string): string {
    return this.#secrets.redact(text);
  }

  /** Appends a line and returns only when it is on disk. Creates the file 0600. */
  appendLine(file: string, line: string): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(file, 'a', 0o600);
    try {
      writeSync(handle, `${this.#secrets.redact(line)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    // The name of a new file is itself only durable once its directory is.
    syncDirectory(dirname(file));
  }

  /** Replaces a file as a whole: a reader sees the old text or the new one, also after a crash. */
  writeFile(file: string, text: string, mode = 0o600): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.tmp-${process.pid}`;
    try {
      const handle = openSync(temporary, 'w', mode);
      try {
        writeSync(handle, this.#secrets.redact(text));
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(temporary, file);
      syncDirectory(dirname(file));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }
}
