export type Level = 'INFO' | 'WARNING' | 'ERROR';

/** One line on stdout in the form of Python's logging module, which the real services use. */
export function log(level: Level, message: string): void {
  const time = new Date().toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
  console.log(`${time} - __main__ - ${level} - ${message}`);
}

/** An error's own words, on one line. */
export function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message || String(error) : String(error);
  return message.split('\n', 1)[0] ?? message;
}
