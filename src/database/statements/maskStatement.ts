/**
 * A statement on one line with every text literal taken out: passwords, keys and addresses occur in
 * those. Names, numbers and `$1` stay. It may have been cut off by the server in the middle of a
 * literal. Where it is unclear where a literal ends (a backslash before a quote means one thing
 * or the other, by a setting of that session), the rest is left out.
 */
export function maskStatement(statement: string): string {
  let shown = '';
  let rest = statement;
  while (rest !== '') {
    const { text, length } = next(rest);
    shown += text;
    rest = rest.slice(length);
  }
  return shown.replace(/\s+/g, ' ').trim();
}

interface Token {
  readonly text: string;
  readonly length: number;
}

/** In the order in which they are tried. Comments may hold anything, so they go. */
const tokens: readonly { readonly pattern: RegExp; readonly text?: string }[] = [
  { pattern: /^--[^\n]*/, text: ' ' },
  { pattern: /^\/\*[\s\S]*?(\*\/|$)/, text: ' ' },
  { pattern: /^"(?:[^"]|"")*("|$)/ },
  // With backslash escapes: E'…'.
  { pattern: /^e'(?:[^'\\]|''|\\[\s\S])*\\?('|$)/i, text: "'…'" },
  { pattern: /^(?:[bnx]|u&)?'(?:[^'\\]|''|\\(?!'))*('(?!')|$)/i, text: "'…'" },
  { pattern: /^(?:[bnx]|u&)?'[\s\S]*/i, text: "'…" },
  { pattern: /^(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?(\1|$)/, text: "'…'" },
  { pattern: /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/ },
  { pattern: /^\$?\d+/ },
];

function next(rest: string): Token {
  for (const { pattern, text } of tokens) {
    const found = pattern.exec(rest)?.[0];
    if (found !== undefined && found !== '') return { text: text ?? found, length: found.length };
  }
  return { text: rest.slice(0, 1), length: 1 };
}
