/** One word for a POSIX shell. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words for a POSIX shell. A placeholder that a person has to replace is put in double quotes. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => (word === '…' ? '"…"' : quoteForShell(word))).join(' ');
}
