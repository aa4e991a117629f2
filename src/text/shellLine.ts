/** One word for a POSIX shell. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words for a POSIX shell. A placeholder that a person has to replace is put in double quotes. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => (word === '…' ? '"…"' : quoteForShell(word))).join(' ');
}

/** A shell line for the machine behind a prefix (`sudo -n`, `ssh ops@vault-1`), as it is typed on this one. */
export function behindPrefix(prefix: readonly string[], shell: string): string {
  if (prefix.length === 0) return shell;
  // ssh hands its arguments to a shell on the other side, where quotes and pipes have to arrive.
  const throughSsh = prefix.some((word) => /(^|\/)ssh$/.test(word));
  if (throughSsh)
    return quoteWords([...prefix, ...(/[^\w@%+=:,./ -]/.test(shell) ? [shell] : shell.split(' '))]);
  // The prefix is to hold for every command of the line.
  const isCompound = /[;&|<>]/.test(shell.replace(/'[^']*'|"[^"]*"/g, ''));
  return [quoteWords(prefix), isCompound ? quoteWords(['sh', '-c', shell]) : shell].join(' ');
}
