import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import prune from '../../runbooks/db/prune.ts';
import { choosePrune, isVerified } from '../../src/database/backup/choosePrune.ts';
import type { Backup } from '../../src/database/backup/listBackups.ts';

const dayMs = 86_400_000;
const now = new Date('2026-11-23T03:00:00Z');
const keepDays = 30;
const keepVerified = 3;
const rule = { now, keepDays, keepVerified, needsCopy: false };

interface Night {
  /** Days without a backup before this one. */
  readonly gap: number;
  /** The clock was wrong by this many hours that night. */
  readonly clock: number;
  readonly pinned: boolean;
  readonly state: 'verified' | 'unverified' | 'damaged' | 'broken';
}

const night: fc.Arbitrary<Night> = fc.record({
  gap: fc.oneof(
    { weight: 9, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 }) },
  ),
  clock: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -900, max: 900 }) },
  ),
  pinned: fc.oneof(
    { weight: 19, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  state: fc.constantFrom('verified', 'unverified', 'damaged', 'broken'),
});

/** A history of nightly backups that ends about now. */
function history(nights: readonly Night[]): readonly Backup[] {
  let days = 0;
  return nights.map(({ gap, clock, pinned, state }, index) => {
    days += gap;
    const at = now.getTime() - days * dayMs + clock * 3_600_000;
    // Names say another order than the manifests: they must not count.
    const name = `tempovault_${String((index * 7919) % 1000).padStart(4, '0')}`;
    const verified = { at: now.toISOString(), how: 'read' as const };
    return {
      name,
      path: `/backup/${name}-${index}`,
      form: 'directory',
      archive: `/backup/${name}-${index}/data`,
      bytes: 1,
      createdAt: new Date(at).toISOString(),
      manifest: null,
      marks: {
        verified:
          state === 'verified'
            ? { ...verified, problems: [] }
            : state === 'damaged'
              ? { ...verified, problems: ['toc.dat was changed'] }
              : null,
        pinned: pinned ? { at: now.toISOString(), by: 'alice', reason: 'x' } : null,
      },
      problems: state === 'broken' ? ['toc.dat is missing'] : [],
    };
  });
}

type Kind = 'verified' | 'unverified' | 'damaged' | 'broken' | 'both';

function backup(name: string, days: number, kind: Kind, pinned = false): Backup {
  const problems = kind === 'broken' || kind === 'both' ? ['toc.dat is missing'] : [];
  const found = kind === 'damaged' ? ['toc.dat was changed'] : [];
  const verified = ['verified', 'damaged', 'both'].includes(kind)
    ? { at: now.toISOString(), how: 'read' as const, problems: found }
    : null;
  return {
    ...{ name, path: `/backup/${name}`, form: 'directory', archive: `/backup/${name}/data`, bytes: 1 },
    createdAt: new Date(now.getTime() - days * dayMs).toISOString(),
    manifest: null,
    marks: { verified, pinned: pinned ? { at: now.toISOString(), by: 'alice', reason: 'x' } : null },
    problems,
  };
}

function remove(backups: readonly Backup[]): readonly Backup[] {
  return choosePrune(backups, rule)
    .filter((choice) => choice.remove)
    .map(({ backup }) => backup);
}

describe('choosing what to prune from 400 backups', () => {
  const histories = fc.array(night, { minLength: 400, maxLength: 400 }).map(history);
  const runs = { numRuns: 60 };

  it('keeps what is young, pinned, the newest, and three verified ones, and nothing else', () => {
    fc.assert(
      fc.property(histories, (backups) => {
        const gone = new Set(remove(backups));
        const left = backups.filter((backup) => !gone.has(backup));
        const times = backups.map(({ createdAt }) => Date.parse(createdAt));
        const newest = Math.max(...times);
        for (const backup of gone) {
          const age = now.getTime() - Date.parse(backup.createdAt);
          expect(backup.marks.pinned).toBeNull();
          expect(age).toBeGreaterThanOrEqual(keepDays * dayMs);
        }
        expect(left.some(({ createdAt }) => Date.parse(createdAt) === newest)).toBe(true);
        const verified = backups.filter(isVerified);
        expect(left.filter(isVerified).length).toBeGreaterThanOrEqual(
          Math.min(keepVerified, verified.length),
        );
        // The verified ones that stay are not older than any that goes.
        const oldestGone = Math.max(
          ...[...gone].filter(isVerified).map(({ createdAt }) => Date.parse(createdAt)),
        );
        const newer = left.filter(isVerified).filter(({ createdAt }) => Date.parse(createdAt) >= oldestGone);
        expect(newer.length).toBeGreaterThanOrEqual(Math.min(keepVerified, verified.length));
        // Not a way to keep everything: what stays has one of these reasons.
        const sound = backups.filter(({ problems }) => problems.length === 0);
        const newestSound = Math.max(...sound.map(({ createdAt }) => Date.parse(createdAt)));
        const old = left.filter(
          ({ createdAt, marks }) =>
            now.getTime() - Date.parse(createdAt) >= keepDays * dayMs &&
            marks.pinned === null &&
            ![newest, newestSound].includes(Date.parse(createdAt)),
        );
        expect(old.length).toBeLessThanOrEqual(keepVerified);
      }),
      runs,
    );
  });

  it('does the same whatever the order in which they are found, and nothing the second time', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (backups, dice) => {
        const gone = remove(backups).map(({ path }) => path);
        const keys = new Map(backups.map((backup) => [backup, dice.next().value]));
        const shuffled = backups.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
        const distinct = new Set(backups.map(({ createdAt }) => createdAt)).size === backups.length;
        if (distinct) expect(remove(shuffled).map(({ path }) => path)).toEqual(gone);
        expect(remove(backups.filter(({ path }) => !gone.includes(path)))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('goes by the time in the manifest, not by the name', () => {
    const nights = Array.from(
      { length: 60 },
      (): Night => ({ gap: 1, clock: 0, pinned: false, state: 'verified' }),
    );
    const backups = history(nights);
    expect(remove(backups)).toEqual(backups.slice(29));
  });

  it('keeps the last three verified ones after a year without a backup', () => {
    const [first, ...rest] = Array.from(
      { length: 9 },
      (): Night => ({ gap: 1, clock: 0, pinned: false, state: 'verified' }),
    );
    const backups = history([{ ...first, gap: 365, clock: 0, pinned: false, state: 'broken' }, ...rest]);
    expect(remove(backups)).toEqual(backups.slice(4));
  });
});

/** Each rule where it alone decides: what stays of backups that would all go by their age. */
describe('choosePrune', () => {
  it.each<[string, readonly Backup[], string]>([
    [
      'the newest, also where nothing is known of it',
      [backup('a', 50, 'unverified'), backup('b', 60, 'unverified')],
      'a',
    ],
    [
      'the newest, also where it is broken, and the newest that is sound',
      [backup('a', 50, 'broken'), backup('b', 60, 'unverified'), backup('c', 70, 'unverified')],
      'a b',
    ],
    [
      'a pinned one, also where it is broken',
      [backup('a', 50, 'unverified'), backup('b', 60, 'broken', true), backup('c', 70, 'broken')],
      'a b',
    ],
    [
      'one that is younger than 30 days by a moment',
      [backup('a', 1, 'unverified'), backup('b', 29.999, 'unverified'), backup('c', 30, 'unverified')],
      'a b',
    ],
    [
      'one from the future',
      [
        backup('a', -400, 'broken'),
        backup('b', -3, 'broken'),
        backup('c', 40, 'unverified'),
        backup('d', 41, 'unverified'),
      ],
      'a b c',
    ],
    [
      'three verified ones behind a newest that is not',
      [
        backup('a', 1, 'unverified'),
        ...['b', 'c', 'd', 'e'].map((name, index) => backup(name, 40 + index, 'verified')),
      ],
      'a b c d',
    ],
    [
      'the newest counts as one of the three',
      ['a', 'b', 'c', 'd'].map((name, index) => backup(name, 40 + index, 'verified')),
      'a b c',
    ],
    [
      'one that failed its verification is none of the three',
      [
        backup('a', 40, 'verified'),
        backup('b', 41, 'damaged'),
        backup('c', 42, 'verified'),
        backup('d', 43, 'verified'),
        backup('e', 44, 'verified'),
      ],
      'a c d',
    ],
    [
      'one that is broken at first sight is none of the three',
      [
        backup('a', 40, 'verified'),
        backup('b', 41, 'both'),
        backup('c', 42, 'verified'),
        backup('d', 43, 'verified'),
        backup('e', 44, 'verified'),
      ],
      'a c d',
    ],
  ])('keeps %s', (_, backups, stay) => {
    const kept = choosePrune(backups.toReversed(), rule).filter((one) => !one.remove);
    expect(kept.map((one) => one.backup.name).join(' ')).toBe(stay);
  });

  it('names the rule by which each one stays, and the age of what goes', () => {
    const backups = [
      backup('a', 1, 'verified'),
      backup('b', 2, 'unverified'),
      backup('c', 40, 'verified'),
      backup('d', 41, 'unverified'),
    ];
    const pinned = backup('e', 50, 'unverified');
    const pin = { at: now.toISOString(), by: 'alice', reason: 'before the upgrade' };
    const marks = { ...pinned.marks, pinned: pin };
    const choices = choosePrune([...backups, { ...pinned, marks }], rule);
    expect(choices.map(({ backup: { name }, reason }) => `${name}: ${reason}`)).toEqual([
      'a: the newest',
      `b: younger than ${keepDays} days`,
      `c: one of the ${keepVerified} newest verified`,
      'd: 41 days old',
      'e: pinned: before the upgrade',
    ]);
  });
});

describe('where backups are copied off the host', () => {
  const copies = { ...rule, needsCopy: true };
  const copied = (how: 'sum' | 'exit-code', problems: readonly string[] = []) => ({
    ...{ at: now.toISOString(), checkedAt: now.toISOString(), how, problems: [...problems] },
  });
  const withCopy = (one: Backup, copy: ReturnType<typeof copied>): Backup => ({
    ...one,
    marks: { ...one.marks, copied: copy },
  });
  const gone = (backups: readonly Backup[]) =>
    choosePrune(backups, copies).flatMap(({ backup: { name }, remove: goes }) => (goes ? [name] : []));
  const proven = (name: string, days: number) => withCopy(backup(name, days, 'verified'), copied('sum'));

  it.each<[string, readonly Backup[], readonly string[]]>([
    [
      'three newer ones with a verified copy → it goes, copied or not',
      [proven('a', 1), proven('b', 2), proven('c', 3), backup('d', 40, 'verified'), proven('e', 41)],
      ['d', 'e'],
    ],
    [
      'two newer ones with a verified copy → all stay',
      [proven('a', 1), proven('b', 2), backup('c', 3, 'verified'), backup('d', 40, 'unverified')],
      [],
    ],
    [
      'no copy at all, as on the day of the setting → all stay',
      Array.from({ length: 9 }, (_, index) => backup(`n${index}`, 30 + index, 'verified')),
      [],
    ],
    [
      'copies that only an exit code speaks for → all stay',
      ['a', 'b', 'c', 'd', 'e'].map((name, index) =>
        withCopy(backup(name, 40 + index, 'verified'), copied('exit-code')),
      ),
      [],
    ],
    [
      'a copy whose check failed does not count',
      [
        proven('a', 1),
        proven('b', 2),
        withCopy(backup('c', 3, 'verified'), copied('sum', ['another checksum'])),
        backup('d', 40, 'verified'),
      ],
      [],
    ],
    [
      'a copy of a backup that was never verified does not count',
      [
        proven('a', 1),
        proven('b', 2),
        withCopy(backup('c', 3, 'unverified'), copied('sum')),
        backup('d', 40, 'verified'),
      ],
      [],
    ],
    [
      'a backup between the three that count stays, with the reason',
      [
        proven('a', 1),
        proven('b', 40),
        backup('c', 41, 'verified'),
        proven('d', 42),
        backup('e', 43, 'both'),
      ],
      ['e'],
    ],
  ])('%s', (_, backups, expected) => expect(gone(backups.toReversed())).toEqual(expected));

  it('names the reason', () => {
    const reasons = choosePrune([proven('a', 1), proven('b', 40), backup('c', 41, 'verified')], copies);
    expect(reasons.map(({ reason }) => reason)).toEqual([
      'the newest',
      'one of the 3 newest verified with a verified copy',
      'without 3 newer ones that have a verified copy',
    ]);
  });

  it('whatever the history: what goes has three newer ones that count', () => {
    const histories = fc.array(night, { minLength: 60, maxLength: 60 }).map(history);
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (backups, dice) => {
        const all = backups.map((one) => {
          const which = dice.next().value;
          if (which === 0) return one;
          return withCopy(one, which === 1 ? copied('exit-code') : copied('sum', which === 2 ? [] : ['x']));
        });
        const counts = (one: Backup) =>
          isVerified(one) && one.marks.copied?.how === 'sum' && one.marks.copied.problems.length === 0;
        const removed = choosePrune(all, copies).flatMap((choice) => (choice.remove ? [choice.backup] : []));
        for (const one of removed) {
          const newer = all.filter(
            (other) =>
              counts(other) && Date.parse(other.createdAt) >= Date.parse(one.createdAt) && other !== one,
          );
          expect(newer.length).toBeGreaterThanOrEqual(keepVerified);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('databases that were put aside, of which the role may not see the size', () => {
  const facts = {
    ...{ remove: [], leftovers: [], keep: 0, keepDays: 30 },
    databases: [
      { name: 'tempovault_old_20261123_221500', oid: 5, bytes: 2048 },
      { name: 'tempovault_old_20261124_221500', oid: 6, bytes: null },
    ],
  };
  it('are of unknown size, not empty', () => {
    expect(prune.consequence(facts as never, {} as never)).toBe(
      'This drops 2 databases, 2.0 KiB and 1 of unknown size; there is no way back.',
    );
    const titles = prune.plan(facts as never, {} as never).map(({ title }) => title);
    expect(titles).toEqual([
      'drop tempovault_old_20261123_221500, 2.0 KiB',
      'drop tempovault_old_20261124_221500, size unknown',
    ]);
  });
});
