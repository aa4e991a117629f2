import { type ChildProcess, spawn } from 'node:child_process';
import { visibleWidth } from '../../text/layout.ts';

/** As git starts less: leave at the end of a text that fits on the screen, keep colours, and keep the text on it. */
const lessFlags = 'FRX';
/** What a shell says of a program that it cannot start (POSIX, "Exit Status for Commands"). */
const notStarted: readonly (number | null)[] = [126, 127];
/** More than a pipe and Node's buffers hold: whatever has taken so much was started. Characters. */
const longestKept = 1_048_576;

/** The pager that the environment names, a shell line; undefined where it asks for none. */
export function pagerCommand(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = (env['TV_PAGER'] ?? env['PAGER'] ?? 'less').trim();
  return named === '' || named === 'cat' ? undefined : named;
}

export interface PagerOptions {
  /** A shell line, as in `PAGER`. */
  readonly command: string;
  /** Of the pager: nothing that may be a secret. */
  readonly env: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly columns: number;
  /** Prints without a pager. */
  direct(text: string): Promise<void> | void;
}

/**
 * Shows a text that may be longer than the terminal. The pager is started once it is; a text that fits is printed.
 * The pager decides about Ctrl-C, as it does behind any other program.
 */
export class Pager {
  readonly #options: PagerOptions;
  readonly #gone = new AbortController();
  #held = '';
  #rows = 0;
  #child: ChildProcess | undefined;
  /** What the pager was given, to be printed should it not start; undefined once that is more than it can refuse. */
  #given: string | undefined = '';
  #ended: Promise<void> = Promise.resolve();

  constructor(options: PagerOptions) {
    this.#options = options;
  }

  /** Whether the screen is the pager's. */
  get isOpen(): boolean {
    return this.#child !== undefined;
  }

  /** Fires once the reader has left the pager. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Returns when the pager has room for more, or the reader has left it. @param text as a terminal may show it */
  async write(text: string, signal?: AbortSignal): Promise<void> {
    if (this.#child !== undefined) return this.#pass(text, signal);
    this.#held += text;
    this.#rows += rowsOf(text, this.#options.columns);
    // One row is the prompt's.
    if (this.#rows < this.#options.rows) return;
    this.#start();
    const held = this.#held;
    this.#held = '';
    await this.#pass(held, signal);
  }

  /** Prints what was not shown yet, or waits until the reader leaves the pager. */
  async close(): Promise<void> {
    if (this.#child === undefined) {
      const held = this.#held;
      this.#held = '';
      if (held !== '') await this.#options.direct(held);
      return;
    }
    this.#child.stdin?.end();
    await this.#ended;
  }

  #start(): void {
    const { command, env } = this.#options;
    const child = spawn('/bin/sh', ['-c', command], {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { LESS: lessFlags, LV: '-c', ...env },
    });
    this.#child = child;
    // EPIPE of a pager that was left before the end of the text.
    child.stdin.on('error', () => {});
    child.stdin.on('close', () => this.#gone.abort());
    const ignore = () => {};
    const end = () => child.kill('SIGTERM');
    process.on('SIGINT', ignore);
    process.on('SIGTERM', end);
    this.#ended = new Promise((resolve) => {
      const done = async (code: number | null) => {
        process.off('SIGINT', ignore);
        process.off('SIGTERM', end);
        this.#gone.abort();
        if (notStarted.includes(code) && this.#given !== undefined) await this.#options.direct(this.#given);
        resolve();
      };
      child.once('error', () => void done(notStarted[0] ?? null));
      child.once('close', (code) => void done(code));
    });
  }

  async #pass(text: string, signal?: AbortSignal): Promise<void> {
    const stdin = this.#child?.stdin;
    if (this.#given !== undefined) this.#given += text;
    if ((this.#given?.length ?? 0) > longestKept) this.#given = undefined;
    if (stdin?.writable !== true || stdin.write(text)) return;
    // Not once(): it rejects at the EPIPE of a pager that was left.
    const heard = new AbortController();
    await new Promise<unknown>((resolve) => {
      stdin.once('drain', resolve);
      for (const one of [this.gone, signal]) {
        if (one?.aborted === true) resolve(undefined);
        one?.addEventListener('abort', resolve, { signal: heard.signal });
      }
      heard.signal.addEventListener('abort', () => stdin.off('drain', resolve), { once: true });
    });
    heard.abort();
  }
}

/** Rows that a text takes on a terminal, which wraps what is longer. */
function rowsOf(text: string, columns: number): number {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(visibleWidth(line) / columns)), 0);
}
