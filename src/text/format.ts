/** `1204332` → `1 204 332`. */
export function count(value: number | bigint): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

/** An amount in the smallest unit, in whole tokens: exact, no digit left out. */
export function wholeTokens(amount: bigint, decimals: number): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : digits.slice(-decimals).replace(/0+$/, '');
  return `${amount < 0n ? '−' : ''}${count(BigInt(whole))}${fraction === '' ? '' : `.${fraction}`}`;
}

/** `1 backup`, `2 backups`. */
export function howMany(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** The first eight digits of a plan's digest, as a name to read. What is compared or pasted is the whole. */
export function planName(id: string, { full }: { readonly full: boolean }): string {
  return full ? id : id.slice(0, 8);
}

/** `1181116006` → `1.1 GiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Of a size that may be unknown. */
export function bytesIfKnown(value: number | null): string {
  return value === null ? 'size unknown' : bytes(value);
}

/** Milliseconds as a person says it: `0.4 s`, `12 s`, `3 min 20 s`, `3d 4h`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  // Rounded first, so that 59.7 s is a minute and not 60 s.
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds - minutes * 60} s`.replace(/ 0 s$/, '');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${minutes - hours * 60}min`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** From one time of the clock to another, which may have been set back between them. */
export function span(from: number, to: number): string {
  return to < from ? 'unknown (the clock was set back)' : duration(to - from);
}

/** How long something lasts that is used up, in seconds: `40 min`, `12 days`, `more than a year`. */
export function lasting(seconds: number): string {
  const days = seconds / 86_400;
  if (days > 365) return 'more than a year';
  return days >= 2 ? `${Math.floor(days)} days` : duration(seconds * 1000);
}

/** `3 min ago`, `just now`. */
export function ago(then: Date, now: Date): string {
  const ms = now.getTime() - then.getTime();
  if (ms < 0) return `in ${duration(-ms)}`;
  return ms < 1000
    ? 'just now'
    : `${duration(ms).replace(/ \d+ s$/, (tail) => (ms < 60_000 ? tail : ''))} ago`;
}

/** Local time with the offset: `2026-11-23 22:15:00 +01:00`. */
export function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const two = (value: number) => String(Math.abs(value)).padStart(2, '0');
  const shifted = new Date(date.getTime() + offset * 60_000).toISOString();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(offset / 60))}:${two(offset % 60)}`;
  return `${shifted.slice(0, 10)} ${shifted.slice(11, 19)} ${zone}`;
}

/** `0x1234…cdef` for an address or hash, unless the whole one is asked for. */
export function short(hex: string, full: boolean): string {
  return full || hex.length <= 14 ? hex : `${hex.slice(0, 6)}…${hex.slice(-4)}`;
}

/**
 * A sentence with its addresses, hashes and ids shortened, unless the whole ones are asked for (`--full`). Data
 * and JSON have them whole: only what draws a screen shortens them, and never what is to be pasted.
 */
export function shortened(text: string, { full }: { readonly full: boolean }): string {
  return full ? text : text.replace(/\b0x[0-9a-fA-F]{40,}\b/g, (hex) => short(hex, false));
}
