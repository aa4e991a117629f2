/** The units that PostgreSQL knows for memory (manual, "Parameter Names and Values"). */
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/** Bytes as `postgresql.conf` writes them, in the largest unit that leaves a whole number: `4GB`, `10485kB`. */
export function inPostgresUnits(bytes: number): string {
  const unit =
    ['TB', 'GB', 'MB', 'kB'].find((name) => bytes > 0 && bytes % (unitBytes[name] ?? 1) === 0) ?? 'B';
  return `${bytes / (unitBytes[unit] ?? 1)}${unit}`;
}

/** `4GB`, `8kB` in bytes; undefined for what has no unit of memory. */
export function bytesOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(-?\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)$/.exec(text.trim()) ?? [];
  const factor = unitBytes[unit];
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor;
}

/**
 * Whether a value as written means what the server has.
 * @param has.setting in units of `has.unit`, as `pg_settings` gives it
 */
export function sameSetting(
  written: string,
  has: { readonly setting: string; readonly unit: string | null },
): boolean {
  const bytes = bytesOf(written);
  const unit = has.unit === null ? undefined : bytesOf(/^\d/.test(has.unit) ? has.unit : `1${has.unit}`);
  if (bytes !== undefined && unit !== undefined) return Math.round(bytes / unit) === Number(has.setting);
  const number = Number(written);
  return Number.isFinite(number) ? number === Number(has.setting) : written === has.setting;
}

/** Whether two values as written mean the same: `4GB` and `4096MB`. */
export function sameValue(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => bytesOf(text) ?? (text === '' ? Number.NaN : Number(text)));
  return one === other || a === b;
}
