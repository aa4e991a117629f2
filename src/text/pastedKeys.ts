/** A private key, also one that was pasted incompletely. An address has 40 digits. */
const keyLike = /(?<![0-9a-z])(0x)?[0-9a-f]{48,66}(?![0-9a-z])/gi;

/** A text without anything that could be a private key. */
export function withoutKeys(text: string): string {
  return text.replace(keyLike, (found) => `(${found.replace(/^0x/i, '').length} hex digits, not shown)`);
}

/** Of a transaction; `tv trace` takes it as its argument. */
const hash = /^0x[0-9a-f]{64}$/i;

/** Flags whose values are identifiers of 64 digits, or (`--set`) are masked where they are read. */
const exempt: Readonly<Record<string, RegExp>> = {
  '--pair': /^0x[0-9a-f]{64}$/i,
  '--plan': /^[0-9a-f]{64}$/i,
  '--tx': hash,
  '--set': /^/,
};

/**
 * The arguments of a call without private keys. One that was pasted in place of an address is in the shell's
 * history already, and must not get into an error, a journal or the audit log as well. Arguments after `--`
 * belong to another program.
 */
export function argumentsWithoutKeys(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  let last = '';
  return argv.map((word, index) => {
    if (end !== -1 && index > end) return word;
    if (word.startsWith('-')) last = word;
    // A flag may take several words: --pair A B.
    if (argv[index - 1] === 'trace' && hash.test(word)) return word;
    const [flag = '', value] =
      word.startsWith('--') && word.includes('=') ? word.split(/=(.*)/s) : [last, word];
    return exempt[flag]?.test(value ?? '') === true ? word : withoutKeys(word);
  });
}
