/** Digits that a private key has, or what is left of one after a slip of the hand. An address has 40. */
const keyLike = /(?<![0-9a-z])(0x)?[0-9a-f]{48,66}(?![0-9a-z])/gi;

/** A text with what could be a private key taken out of it. */
export function withoutKeys(text: string): string {
  return text.replace(keyLike, (found) => `(${found.replace(/^0x/i, '').length} hex digits, not shown)`);
}

/** Whose values are identifiers of 64 digits, or (`--set`) masked by whoever reads them. */
const exempt: Readonly<Record<string, RegExp>> = {
  '--pair': /^0x[0-9a-f]{64}$/i,
  '--plan': /^[0-9a-f]{64}$/i,
  '--set': /^/,
};

/**
 * The arguments of a call without private keys: whoever pastes one where an address belongs has it in
 * the shell's history already, and must not find it in an error, a journal or the audit log as well.
 * What follows `--` is another program's.
 */
export function argumentsWithoutKeys(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  let last = '';
  return argv.map((word, index) => {
    if (end !== -1 && index > end) return word;
    if (word.startsWith('-')) last = word;
    // A flag may take several words: --pair A B.
    const [flag = '', value] =
      word.startsWith('--') && word.includes('=') ? word.split(/=(.*)/s) : [last, word];
    return exempt[flag]?.test(value ?? '') === true ? word : withoutKeys(word);
  });
}
