/** Shorter values would redact ordinary words; a real key or generated password is longer. */
const shortestSecret = 6;

/** The values that must never leave tv, and the one function that takes them out of a text. */
export class Secrets {
  readonly #forms = new Set<string>();

  /**
   * Registers a value in every form in which it could appear: as it is, percent-encoded, escaped
   * for JSON, and for hex keys without `0x` and in either case.
   */
  add(value: string | undefined): void {
    if (value === undefined || value.length < shortestSecret) return;
    const escaped = jsonEscaped(value);
    // Twice where a message that holds JSON is itself written as JSON.
    const forms = [value, encodeURIComponent(value), escaped, jsonEscaped(escaped)];
    if (/^(0x)?[0-9a-f]{64}$/i.test(value)) {
      const digits = value.replace(/^0x/i, '');
      forms.push(digits, digits.toLowerCase(), digits.toUpperCase());
    }
    for (const form of forms) this.#forms.add(form);
  }

  redact(text: string): string {
    let clean = text;
    // Longest first, so that a value inside another one leaves no remainder.
    for (const form of [...this.#forms].sort((a, b) => b.length - a.length)) {
      clean = form.includes(' ') ? clean.replace(acrossLines(form), '***') : clean.replaceAll(form, '***');
    }
    return clean;
  }
}

/** As it stands between the quotes of a JSON string. */
function jsonEscaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

/** A passphrase may be broken at its spaces, and indented, where text is wrapped to the terminal. */
function acrossLines(form: string): RegExp {
  const words = form.split(/ +/).map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return new RegExp(words.join('\\s+'), 'g');
}
