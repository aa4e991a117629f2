/**
 * Characters that steer a terminal (C0, DEL, C1), turn the direction of writing, or are not seen:
 * Unicode's control, format, line and paragraph separator characters, unpaired surrogates, fillers,
 * variation selectors and tags (UTS #55, "Unicode Source Code Handling", names the risks).
 */
const steering = '\\p{Cc}|\\p{Cf}|\\p{Zl}|\\p{Zp}|\\p{Cs}|[\\u{e0000}-\\u{e0fff}]';
const unseen = '\\p{Default_Ignorable_Code_Point}';
const unprintable = new RegExp(`${steering}|${unseen}`, 'gu');

/** ASCII without control characters. */
const plain = /^[ -~]*$/;

/** Longest text from outside that fits into a sentence or a cell, in characters. */
const defaultLength = 400;

/**
 * Text of another's making (chain, RPC node, API, database, journal, file, environment) as it may be
 * shown: on one line, every character visible, cut to a length. Line breaks and tabs become spaces,
 * other unprintable characters are written out as `\u{1b}`.
 * @param limit in characters
 */
export function outsideText(text: string, limit = defaultLength): string {
  // Most of a million journal lines are short and plain.
  if (text.length <= limit && plain.test(text)) return text;
  // Cut first: what is far too long need not be searched.
  const head = [...text.slice(0, limit * 2 + 2)].slice(0, limit + 1);
  const cut = head.length > limit;
  const shown = (cut ? head.slice(0, limit - 1) : head).join('');
  const clean = visible(shown.replace(/[\t\n\r]+/g, ' '));
  return cut ? `${clean}…` : clean;
}

/** Every text in a parsed JSON document, keys included. */
export function outsideJson(value: unknown, limit?: number): unknown {
  if (typeof value === 'string') return outsideText(value, limit);
  if (Array.isArray(value)) return value.map((each) => outsideJson(each, limit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [outsideText(key, limit), outsideJson(each, limit)]),
  );
}

/** Every unprintable character written out as `\u{1b}`, line breaks too. */
export function visible(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Whether a name of another's making can be used as it is. */
export function isPrintable(text: string): boolean {
  return text.search(unprintable) === -1;
}

/** The colours and weights that `terminalPaint` sets and resets (ECMA-48, SGR). */
const ownColour = '\\x1b\\[(?:0|1|2|22|31|32|33|35|36|39|90|94)m';
const strayOrColour = new RegExp(`${ownColour}|(?![\\n\\t])(?:${steering})`, 'gu');

/**
 * The last barrier before a terminal or a pipe: nothing but text, line breaks, tabs and tv's own colours
 * gets past it. What is left is written as `\u001b`, which within a JSON string means the same
 * character. Text is cleaned where it enters; this is for what was missed there.
 */
export function terminalSafe(text: string): string {
  return text.replace(strayOrColour, (match) =>
    match.length > 2 ? match : match.split('').map(escaped).join(''),
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
