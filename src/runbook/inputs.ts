import * as z from 'zod';
import { momentForms, parseMoment, parseTimeSpan } from '../text/moment.ts';

/**
 * A block number as people write it: `12345678`, `12_345_678`, `12,345,678`, `0xbc614e`, or
 * `earliest` for block 0.
 */
export const blockNumber = z.string().transform((text, issue) => {
  const written = text.trim().toLowerCase();
  if (written === 'earliest') return 0;
  const grouped = /^\d{1,3}([_,]\d{3})+$/.test(written);
  const digits = grouped ? written.replace(/[_,]/g, '') : written;
  const value = /^(\d+|0x[0-9a-f]+)$/.test(digits) ? Number(digits) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  issue.addIssue({
    code: 'custom',
    message: 'expected a block number such as 12345678, 12_345_678, 0xbc614e or earliest',
  });
  return z.NEVER;
});

/** A span of time, `90s`, `30m`, `2h`, `1d`; in milliseconds. */
export const timeSpan = z.string().transform((text, issue) => {
  const ms = parseTimeSpan(text);
  if (ms !== undefined) return ms;
  issue.addIssue({ code: 'custom', message: 'expected a time such as 90s, 30m, 2h or 1d' });
  return z.NEVER;
});

/** A point in time as people write it; `parseMoment` reads it against the clock of the call. */
export const moment = z
  .string()
  .refine((text) => parseMoment(text, new Date()) !== undefined, `expected a time such as ${momentForms}`);
