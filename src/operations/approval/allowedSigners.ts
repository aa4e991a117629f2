/** A line of a file of allowed signers (ssh-keygen(1), "ALLOWED SIGNERS"), the part that names a signer. */
export interface AllowedSigner {
  /** Names, or patterns with `*`, `?` and `!`. */
  readonly principals: readonly string[];
  /** Everything after them: options and key. */
  readonly rest: string;
}

export function readAllowedSigners(text: string): readonly AllowedSigner[] {
  return text.split('\n').flatMap((line) => {
    const [, quoted, plain, rest] = /^\s*(?:"([^"]*)"|([^\s"#]\S*))\s+(.+)$/.exec(line) ?? [];
    const names = quoted ?? plain;
    return names === undefined || rest === undefined ? [] : [{ principals: names.split(','), rest }];
  });
}

/** Whether a name stands for one person, and not for all that fit a pattern. */
export function isName(principal: string): boolean {
  return principal !== '' && !/[*?!]/.test(principal);
}

export function holdsKey({ rest }: AllowedSigner, key: string): boolean {
  return rest.split(/\s+/).includes(key);
}
