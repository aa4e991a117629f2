import { type Answer, known, unknown } from '../errors/answer.ts';
import { outsideText } from '../text/outsideText.ts';

/**
 * A time as systemd prints it, with `TZ=UTC`: `Mon 2026-11-23 03:12:00 UTC`, with microseconds, as
 * `@seconds`, or in ISO form. Undefined for `n/a` and for nothing, which mean never. Unknown for what is not
 * understood: where `TZ` does not reach systemctl (`docker exec`, `sudo`), a zone name has no certain meaning.
 */
export function parseSystemdTime(text: string): Answer<Date | undefined> {
  if (text === '' || text === 'n/a') return known(undefined);
  const date = parseDate(text);
  if (date !== undefined) return known(date);
  return unknown(`systemd reports "${outsideText(text, 60)}", which tv cannot convert to UTC`);
}

function parseDate(text: string): Date | undefined {
  const seconds = /^@(\d+(?:\.\d+)?)$/.exec(text)?.[1];
  if (seconds !== undefined) return new Date(Number(seconds) * 1000);
  const plain =
    /^(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)? ?(UTC|Z|[+-]\d\d:?\d\d)$/.exec(
      text,
    );
  if (plain === null) return undefined;
  const [, day, time, fraction = '0', zone = 'Z'] = plain;
  const date = new Date(`${day}T${time}.${fraction.padEnd(3, '0')}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
