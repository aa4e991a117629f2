import * as z from 'zod';

export const spanUnitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30m`, `4h`, `1d`, in milliseconds. */
export const timeSpan = () =>
  z
    .string()
    .trim()
    .regex(/^[1-9]\d{0,3}[mhd]$/)
    .transform((span) => Number(span.slice(0, -1)) * spanUnitsMs[span.slice(-1) as keyof typeof spanUnitsMs]);
