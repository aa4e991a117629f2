import * as z from 'zod';
import { bytesOf } from '../../../src/database/tuning/sizes.ts';

/** `16GB`, `16 gb`, `512MB`; in bytes. */
export const memorySize = z.string().transform((text, issue) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([mgt])i?b?$/i.exec(text.trim()) ?? [];
  const bytes = amount === undefined ? undefined : bytesOf(`${amount}${unit?.toUpperCase()}B`);
  if (bytes !== undefined && bytes >= smallest) return Math.floor(bytes);
  issue.addIssue({ code: 'custom', message: 'expected a size of 256MB or more, such as 16GB' });
  return z.NEVER;
});

/** pgtune says of itself that it makes no sense below this, in bytes. */
const smallest = 256 * 1024 ** 2;
