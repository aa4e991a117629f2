import * as z from 'zod';

const spanUnitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30m`, `4h`, `1d`, in milliseconds. */
export const timeSpan = () =>
  z
    .string()
    .trim()
    .regex(/^[1-9]\d{0,3}[mhd]$/)
    .transform((span) => Number(span.slice(0, -1)) * spanUnitsMs[span.slice(-1) as keyof typeof spanUnitsMs]);

/** A span as it is written. @param ms a whole number of minutes */
export function showSpan(ms: number): string {
  return ms % spanUnitsMs.h === 0 ? `${ms / spanUnitsMs.h}h` : `${ms / spanUnitsMs.m}m`;
}
