import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import slowQueries from '../../runbooks/db/slow-queries.ts';
import { maskStatement } from '../../src/database/statements/maskStatement.ts';
import type { Statements } from '../../src/database/statements/readStatements.ts';
import { plainPaint } from '../support/paint.ts';

describe('maskStatement', () => {
  test.each([
    ["ALTER ROLE tempovault PASSWORD 'hunter2'", "ALTER ROLE tempovault PASSWORD '…'"],
    ["select * from t where a = 'it''s' and b = $1", "select * from t where a = '…' and b = $1"],
    ["select e'a\\'secret', 1", "select '…', 1"],
    ["select E'tail\\\\', 'secret'", "select '…', '…'"],
    ['select $$secret$$, $tag$se$$cret$tag$', "select '…', '…'"],
    ["select U&'secret' , x'00ff'", "select '…' , '…'"],
    ['-- secret\nselect 1 /* secret */ + 2', 'select 1 + 2'],
    ["select 'cut off in the mid", "select '…'"],
    ['select $$cut off in the mid', "select '…'"],
    ['select "a ""quoted"" name"  from\n  t', 'select "a ""quoted"" name" from t'],
    ["select 'C:\\', 'secret'", "select '…"],
    ["select 'plain\\'secret'", "select '…"],
    ['select price1$x, 42 from t', 'select price1$x, 42 from t'],
  ])('%s', (statement, masked) => {
    expect(maskStatement(statement)).toBe(masked);
  });

  test('lets no literal through, however it is written and wherever it is cut off', () => {
    const secret = 'S3CR3T';
    const padding = fc.stringMatching(/^[a-z \n"$\\]{0,6}$/);
    const literal = fc
      .tuple(fc.constantFrom('plain', 'escape', 'dollar'), padding, padding)
      .map(([kind, a, b]) => {
        const text = `${a}${secret}${b}`;
        // Its tag is none that the padding could end it with.
        if (kind === 'dollar') return `$q1$${text}$q1$`;
        return kind === 'escape' ? `E'${text.replaceAll('\\', '\\\\')}'` : `'${text.replaceAll('\\', '')}'`;
      });
    const part = fc.oneof(
      literal,
      fc.constantFrom('select ', ', ', ' from t ', '1', ' "n" ', ' $1 ', 'where x = '),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.nat(), (parts, cut) => {
        const whole = parts.join(' ');
        expect(maskStatement(whole)).not.toContain(secret);
        expect(maskStatement(whole.slice(0, cut % (whole.length + 1)))).not.toContain(secret);
      }),
    );
  });
});

test('sessions of other roles are hidden → not that nothing runs', () => {
  const shown = slowQueries.render(
    {
      ...{ database: 'tempovault', by: 'total', onlyOwn: false, user: 'tempovault', obstacle: null },
      ...{ preloaded: null, statements: [], running: [], hidden: 2 },
    },
    plainPaint(200),
    { by: 'total', limit: 10 },
  );
  expect(shown).toContain('nothing that can be seen runs for longer than a second');
  expect(shown).toContain(
    'what runs in 2 sessions of other roles is unknown: GRANT pg_read_all_stats TO tempovault',
  );
});

describe('how to get pg_stat_statements', () => {
  const advice = (obstacle: Statements['obstacle'], preloaded: string | null) =>
    slowQueries.render(
      {
        ...{ database: 'tempovault', by: 'total', onlyOwn: true, user: 'tempovault', obstacle, preloaded },
        ...{ statements: [], running: [], hidden: 0 },
      },
      plainPaint(200),
      { by: 'total', limit: 10 },
    );

  test('keeps what is loaded already, each name quoted by itself', () => {
    expect(advice('not-loaded', 'auto_explain,pg_cron')).toContain(
      `"ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_cron', 'pg_stat_statements'"`,
    );
  });

  test('where what is loaded cannot be seen, nothing is replaced', () => {
    for (const obstacle of ['not-seen', 'not-loaded', 'not-installed'] as const) {
      expect(advice(obstacle, null)).not.toContain('ALTER SYSTEM');
    }
    expect(advice('not-seen', null)).toMatch(/cannot be seen by this role.*\n.*CREATE EXTENSION/);
    expect(advice('not-seen', null)).not.toContain('restart');
  });

  test('where only the extension is missing, nothing is restarted', () => {
    expect(advice('not-created', 'pg_stat_statements')).not.toMatch(/restart|shared_preload/);
  });
});
