import { describe, expect, it } from 'vitest';
import { groupHelp, rootHelp } from '../../src/cli/help.ts';
import { reflow } from '../../src/cli/reflow.ts';
import { registry } from '../../src/registry.generated.ts';

describe('tv --help', () => {
  const help = rootHelp(registry, '1.2.3');

  it('names every command once, grouped in the order of the registry', () => {
    const lines = help.split('\n').filter((line) => /^ {2}[a-z]/.test(line));
    const named = lines.map((line) => line.slice(2, 24).trim());
    expect(named.toSorted()).toEqual(registry.map(({ command }) => command).toSorted());
    const groups = [...new Set(registry.map(({ group }) => group))];
    expect(help.split('\n').filter((line) => groups.includes(line))).toEqual(groups);
  });

  it('fits into 80 columns', () => {
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('is wrapped for narrower terminals, no word lost', () => {
    const narrow = reflow(help, 60);
    expect(narrow.split('\n').filter((line) => line.length > 60)).toEqual([]);
    expect(narrow.split(/\s+/)).toEqual(help.split(/\s+/));
    expect(narrow).toContain(`
  status                Show services, API, chain, indexer,
                        database and runs
`);
    expect(narrow).toContain('            4 not confirmed');
  });

  it('begins and ends the same whatever is on the registry', () => {
    expect(rootHelp(registry.slice(0, 3), '1.2.3')).toMatchInlineSnapshot(`
      "tv 1.2.3 · operator CLI of TempoVault

      Usage: tv [-e ENVIRONMENT] COMMAND [FLAGS]

      Look
        status                Show services, API, chain, indexer, database and runs

      Indexer
        reindex               Rebuild the event tables from a block (§1 severe)
        reindex check         Compare the event tables with the chain (§1)

      Everywhere
        -e, --env NAME        environment to work on (TV_ENVIRONMENT)
        --json                machine-readable output on stdout
        --help                what a command does, its flags and its risk

      Exit codes  0 verified · 1 a step failed · 2 wrong usage · 3 blocked
                  4 not confirmed · 5 done but not verified · 6 locked by
                  another operator · 7 interrupted, can be resumed · 70 bug

      "
    `);
  });
});

describe('help of a noun', () => {
  it('lists its verbs', () => {
    const schedule = groupHelp(registry, 'db schedule')?.split('\n') ?? [];
    expect(
      schedule.filter((line) => line.startsWith('  db')).map((line) => line.slice(2, 21).trim()),
    ).toEqual(['db schedule install', 'db schedule show', 'db schedule remove']);
    expect(groupHelp(registry, 'circuit-breaker')).toContain('breaker trip');
    expect(groupHelp(registry, 'audit')).toMatchInlineSnapshot(`
      "tv audit

        audit list            List who asked for what, and the outcome
        audit verify          Check that no audit entry was changed or removed

      More: tv audit list --help
      "
    `);
  });

  it('is none for a command or a word that nobody knows', () => {
    expect(groupHelp(registry, 'status')).toBeUndefined();
    expect(groupHelp(registry, 'db sched')).toBeUndefined();
    expect(groupHelp(registry, 'frobnicate')).toBeUndefined();
  });
});
