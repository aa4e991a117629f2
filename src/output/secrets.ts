import { isOrdinaryWord } from '../config/secretValues.ts';

/** The values that must never leave tv, and the one function that removes them from a text. */
export class Secrets {
  readonly #forms = new Set<string>();
  readonly #weak = new Set<string>();
  /** The forms, sorted again only after one was added: a `.env` may have thousands. */
  #ordered: readonly string[] | undefined;

  /**
   * Registers a value in every form in which it could appear: as it is, percent-encoded, escaped
   * for JSON, and for hex keys without `0x` and in either case. One that is an ordinary word is
   * registered as weak.
   */
  add(value: string | undefined): void {
    if (value === undefined || this.#weak.has(value)) return;
    if (isOrdinaryWord(value)) {
      this.addWeak(value);
      return;
    }
    const escaped = jsonEscaped(value);
    // Twice where a message that holds JSON is itself written as JSON.
    const forms = [value, encodeURIComponent(value), escaped, jsonEscaped(escaped)];
    if (/^(0x)?[0-9a-f]{64}$/i.test(value)) {
      const digits = value.replace(/^0x/i, '');
      forms.push(digits, digits.toLowerCase(), digits.toUpperCase());
    }
    for (const form of forms) this.#forms.add(form);
    this.#ordered = undefined;
  }

  /**
   * Registers a value that names contain by themselves, as `tempovault-indexer` contains the shipped
   * password. It is removed only where a password is expected, in URLs and assignments: journaled facts
   * must be read back byte for byte.
   */
  addWeak(value: string): void {
    if (value !== '') this.#weak.add(value);
  }

  redact(text: string): string {
    let clean = text;
    // Longest first, so that a value inside another one leaves no remainder.
    this.#ordered ??= longestFirst(this.#forms);
    for (const form of this.#ordered) {
      clean = form.includes(' ') ? clean.replace(acrossLines(form), '***') : clean.replaceAll(form, '***');
    }
    for (const value of longestFirst(this.#weak)) clean = clean.replace(asPassword(value), '$1***');
    return clean;
  }
}

function longestFirst(values: ReadonlySet<string>): readonly string[] {
  return [...values].sort((a, b) => b.length - a.length);
}

/**
 * A value where a password is expected: `://user:VALUE@`, `password=VALUE`, `"PGPASSWORD": "VALUE"`, quoted
 * or not, also where JSON is nested in JSON.
 */
function asPassword(value: string): RegExp {
  const forms = [...new Set([value, encodeURIComponent(value), jsonEscaped(value)])]
    .map(escapeRegExp)
    .join('|');
  const inUrl = `://[^\\s/@:]*:(?=(?:${forms})@)`;
  const assigned = `(?:pass(?:word|wd|phrase)?|pwd|secret|key|token)\\\\*["']?\\s*[=:]\\s*\\\\*["']?(?=(?:${forms})(?![\\w-]))`;
  return new RegExp(`(${inUrl}|${assigned})(?:${forms})`, 'gi');
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** As it is written between the quotes of a JSON string. */
function jsonEscaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

/** A passphrase may be broken at its spaces, and indented, where text is wrapped to the terminal. */
function acrossLines(form: string): RegExp {
  const words = form.split(/ +/).map(escapeRegExp);
  return new RegExp(words.join('\\s+'), 'g');
}
