/** The beginning of an unexpected answer, for a person: a page's title or its text, on one line. */
export function firstWords(text: string, length = 80): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1];
  const plain = (title ?? text.replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' '))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an answer must not be able to steer the terminal
    .replace(/[\s\u0000-\u001f\u007f]+/g, ' ')
    .trim();
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain;
}

export function looksLikeHtml(text: string): boolean {
  return /^\s*(<!doctype html|<html|<head|<body|<!--)/i.test(text);
}
