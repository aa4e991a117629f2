export type Level = 'INFO' | 'WARNING' | 'ERROR';

/** One line on stdout in the form of Python's logging module, which the real services use. */
export function log(level: Level, message: string): void {
  const time = new Date().toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
  console.log(`${time} - __main__ - ${level} - ${message}`);
}

/** An error's own words, on one line. viem keeps the part without addresses and arguments apart. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const words = 'shortMessage' in error ? String(error.shortMessage) : error.message;
  // A refused connection to a name with several addresses has a code and no message.
  const code = 'code' in error ? String(error.code) : error.name;
  return words.replaceAll(/\s+/g, ' ').trim() || code;
}
