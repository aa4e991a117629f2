/**
 * A shell line as advice, for the host of TempoVault where its program does not say so by itself (`ls`,
 * `mkdir`). Whoever prints it puts the host prefix in place of the words.
 */
export function onHost(line: string): string {
  return `on the host: ${line}`;
}

/** A shell line as advice, for this machine although its program usually looks at the host (`df`). */
export function onThisMachine(line: string): string {
  return `on this machine: ${line}`;
}

/** One word for a POSIX shell. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
