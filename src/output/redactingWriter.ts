import { once } from 'node:events';
import { terminalSafe } from '../text/outsideText.ts';
import { appendLine, replaceFile, type Write } from './durableFile.ts';
import type { Secrets } from './secrets.ts';

/**
 * All printed text and every written file passes through here. Secrets and characters that control a terminal are
 * removed here and nowhere else.
 */
export class RedactingWriter {
  readonly #secrets: Secrets;
  readonly #write: Write | undefined;

  /** @param write in place of write(2), for tests */
  constructor(secrets: Secrets, write?: Write) {
    this.#secrets = secrets;
    this.#write = write;
  }

  print(stream: 'stdout' | 'stderr', text: string): void {
    process[stream].write(this.forTerminal(text));
  }

  /**
   * Prints on stdout, and waits while its reader is slower.
   * @param gone fires once the reader has closed the stream
   */
  async printPaced(text: string, gone: AbortSignal): Promise<void> {
    if (process.stdout.write(this.forTerminal(text)) || gone.aborted) return;
    try {
      await once(process.stdout, 'drain', { signal: gone });
    } catch (error) {
      if (!gone.aborted) throw error;
    }
  }

  /** For libraries that draw on the terminal themselves (spinner, questions). */
  forTerminal(text: string): string {
    return terminalSafe(this.#secrets.redact(text));
  }

  redact(text: string): string {
    return this.#secrets.redact(text);
  }

  /** Appends a line and returns only when it is on disk. @throws WriteError; then the file is as before */
  appendLine(file: string, line: string): void {
    appendLine(file, this.#secrets.redact(line), this.#write);
  }

  /** Replaces a file as a whole. @throws WriteError; then the old file is still there */
  writeFile(file: string, text: string, mode = 0o600): void {
    replaceFile(file, this.#secrets.redact(text), mode, this.#write);
  }
}
