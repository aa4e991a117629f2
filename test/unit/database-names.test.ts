import { describe, expect, it } from 'vitest';
import { oldName, oldPrefix } from '../../src/database/restore/listDatabases.ts';
import { besideName } from '../../src/operations/maintenance.ts';

const run = '20261123-221500-db-restore-7f3a';
const names = (live: string) => [
  oldName(live, run),
  ...(['restore', 'verify', 'trial', 'reindex'] as const).map((purpose) => besideName(live, purpose, run)),
];

describe('names of databases beside a live one', () => {
  it('a short name → the name itself, what the database is for, and the time of the run', () => {
    expect(names('tempovault').slice(0, 2)).toEqual([
      'tempovault_old_20261123_221500',
      'tempovault_restore_20261123_221500_7f3a',
    ]);
    expect(oldName('v'.repeat(43), run)).toBe(`${'v'.repeat(43)}_old_20261123_221500`);
    expect(besideName('v'.repeat(32), 'verify', run)).toBe(`${'v'.repeat(32)}_verify_20261123_221500_7f3a`);
  });

  it.each([
    ['in ASCII', `${'tempovault_treasury_production_eu_central_1'.padEnd(62, '_')}`, ''],
    ['in characters of several bytes', 'сокровищница_хранилище_основа', 'é'],
  ])('a long name %s → at most 63 bytes, and of another long name none is the same', (_, live, end) => {
    expect(Buffer.byteLength(live)).toBeGreaterThan(44);
    const made = names(`${live}${end}`);
    for (const name of made) expect(Buffer.byteLength(name)).toBeLessThan(64);
    // No half of a character is left where the name was cut.
    expect(made.join()).not.toMatch(/[\ufffd\ud800-\udfff]/);
    const others = names(`${live}x`);
    expect(made.filter((name) => others.includes(name))).toEqual([]);
    expect(oldPrefix(`${live}${end}`)).not.toBe(oldPrefix(`${live}x`));
  });
});
