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
    const forms = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
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
      clean = clean.replaceAll(form, '***');
    }
    return clean;
  }
}
