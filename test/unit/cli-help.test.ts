import { describe, expect, it } from 'vitest';
import { groupHelp, helpText, rootHelp } from '../../src/cli/help.ts';
import { reflow } from '../../src/cli/reflow.ts';
import { registry } from '../../src/registry.generated.ts';

describe('tv --help', () => {
  const lines = rootHelp(registry, '1.2.3');
  const help = helpText(lines);

  it('names every command once, grouped in the order of the registry', () => {
    const listed = help.split('\n').filter((line) => /^ {2}[a-z]/.test(line));
    const named = listed.map((line) => line.slice(2, 24).trim());
    expect(named.toSorted()).toEqual(registry.map(({ command }) => command).toSorted());
    const groups = [...new Set(registry.map(({ group }) => group))];
    expect(help.split('\n').filter((line) => groups.includes(line))).toEqual(groups);
  });

  it('fits into 80 columns', () => {
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('is wrapped for narrower terminals, no word lost', () => {
    const narrow = helpText(reflow(lines, 60));
    expect(narrow.split('\n').filter((line) => line.length > 60)).toEqual([]);
    expect(narrow.split(/\s+/)).toEqual(help.split(/\s+/));
    expect(narrow).toContain(`
  status                Show what is wrong, and what mends
                        it
`);
    expect(narrow).toContain('            4 not confirmed');
  });

  it('begins and ends the same whatever is on the registry', () => {
    const some = registry.filter(({ command }) => ['status', 'reindex', 'reindex check'].includes(command));
    expect(helpText(rootHelp(some, '1.2.3'))).toMatchInlineSnapshot(`
      "tv 1.2.3 · operator CLI of TempoVault

      Usage: tv [-e ENVIRONMENT] COMMAND [FLAGS]

      Overview
        status                Show what is wrong, and what mends it

      Indexer
        reindex               Rebuild the event tables from a block (§1 severe)
        reindex check         Compare the event tables with the chain (§1)

      Everywhere
        -e, --env NAME        environment to work on (TV_ENVIRONMENT)
        --json                machine-readable output on stdout
        --help                what a command does, its flags and examples

      Exit codes  0 verified · 1 a step failed · 2 wrong usage · 3 blocked
                  4 not confirmed · 5 done but not verified · 6 locked by
                  another run · 7 interrupted, can be resumed · 70 bug
                  of status, health, doctor, monitor, scale check and
                  oracle status: 0 ok · 1 warning · 2 critical · 3 unknown

      "
    `);
  });
});

describe('help of a noun', () => {
  const of = (words: string) => helpText(groupHelp(registry, words) ?? []);

  it('lists its verbs', () => {
    const schedule = of('db schedule').split('\n');
    expect(
      schedule.filter((line) => line.startsWith('  db')).map((line) => line.slice(2, 21).trim()),
    ).toEqual(['db schedule install', 'db schedule show', 'db schedule remove']);
    expect(of('circuit-breaker')).toContain('breaker trip');
    expect(of('audit')).toMatchInlineSnapshot(`
      "tv audit

        audit list            List who asked for what, and the outcome
        audit verify          Check that no audit entry was changed or removed
        audit anchor          Write the head of the audit log somewhere else (mild)

      More: tv help audit list
      "
    `);
  });

  it('is none for a command or an unknown word', () => {
    expect(groupHelp(registry, 'status')).toBeUndefined();
    expect(groupHelp(registry, 'db sched')).toBeUndefined();
    expect(groupHelp(registry, 'frobnicate')).toBeUndefined();
  });
});
