import { stripVTControlCharacters } from 'node:util';
import { visible } from '../errors/outsideText.ts';

/** `1204332` → `1 204 332`. */
export function count(value: number | bigint): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
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

/**
 * Text from elsewhere (a file's name) as it may go to a terminal: characters that steer it, turn the
 * direction of writing or are not seen are shown as `\\u{1b}`, line breaks too.
 */
export function printable(text: string): string {
  return visible(text);
}

/** Columns that a text takes on a terminal, colours left out. */
export function visibleWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleWidth(text)));
}

/** Not between the groups of a number: half of an amount reads like another amount. */
const breaks = /(?<!\d) | (?!\d{3}(?!\d))/;

/**
 * Breaks at spaces so that no line takes more than `width` columns; `indent` goes in front of every
 * line but the first and is not counted. A word that is too long by itself stays whole, so that it
 * can be copied, and so does a number with spaces in it.
 */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(breaks)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && visibleWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  lines.push(line);
  return lines.join(`\n${indent}`);
}

/** Two columns: names padded to the widest, values wrapped under themselves. */
export function aligned(rows: readonly (readonly [string, string])[], width: number, indent = '  '): string {
  const names = Math.max(0, ...rows.map(([name]) => visibleWidth(name)));
  const gap = indent.length + names + 2;
  return rows
    .map(([name, value]) => `${indent}${padEnd(name, names)}  ${wrap(value, width - gap, ' '.repeat(gap))}`)
    .join('\n');
}

/**
 * A table: every column as wide as its widest cell. The last cell of a row is free, and wrapped under
 * itself where a `width` is given and leaves room for it.
 */
export function table(rows: readonly (readonly string[])[], indent = '  ', width?: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, visibleWidth(cell));
    });
  }
  return rows
    .map((row) => {
      const padded = row.slice(0, -1).map((cell, index) => `${padEnd(cell, widths[index] ?? 0)}  `);
      const start = `${indent}${padded.join('')}`;
      const room = (width ?? Number.POSITIVE_INFINITY) - visibleWidth(start);
      const last = row.at(-1) ?? '';
      const text = room >= narrowestCell ? wrap(last, room, ' '.repeat(visibleWidth(start))) : last;
      return `${start}${text}`.trimEnd();
    })
    .join('\n');
}

/** Columns; wrapping a sentence into less is harder to read than a long line. */
const narrowestCell = 16;

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
