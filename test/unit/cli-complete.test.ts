import { describe, expect, it } from 'vitest';
import { type CompletionSources, complete } from '../../src/cli/complete.ts';
import { vocabulary } from '../../src/cli/words.ts';
import { registry } from '../../src/registry.generated.ts';

/** Each source once, and nothing that was not asked for. */
const asked: string[] = [];
const source = (name: string, ...values: readonly string[]) => {
  return async () => {
    asked.push(name);
    return values;
  };
};
const sources: CompletionSources = {
  environments: source('environments', 'production', 'staging'),
  pairs: source('pairs', 'AlphaUSD-pathUSD', 'BetaUSD-pathUSD'),
  runs: source('runs', '20261128-101500-reindex-7f3a', '20261127-090000-db-restore-11aa'),
  backups: source('backups', 'tempovault_20261128T0200Z', 'tempovault_20261127T0200Z'),
  settings: source('settings', 'chain.id', 'chain.rpcUrls', 'host.prefix'),
  services: source('services', 'api', 'indexer', 'oracle', 'nginx'),
};
const of = (...typed: readonly string[]) => complete(registry, typed, vocabulary, sources);

describe('tab completion', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['the first word', ['ora'], ['oracle']],
    ['the word help', ['hel'], ['help']],
    ['a command behind it', ['help', 'oracle', 'fu'], ['fund']],
    ['an alias', ['circ'], ['circuit-breaker']],
    ['the second word', ['oracle', 'r'], ['recover', 'rotate-key', 'revoke-old']],
    ['the third word', ['db', 'schedule', ''], ['install', 'show', 'remove']],
    ['a word behind flags', ['-e', 'staging', '--json', 'audit', ''], ['list', 'verify', 'anchor']],
    ['a verb beside a command of one word', ['reindex', ''], ['check']],
    ['an environment', ['-e', ''], ['production', 'staging']],
    ['an environment as an answer', ['reindex', '--confirm', 'st'], ['staging']],
    ['a pair', ['breaker', 'trip', '--pair', 'B'], ['BetaUSD-pathUSD']],
    ['a run', ['runs', 'show', '20261128'], ['20261128-101500-reindex-7f3a']],
    ['a run behind an alias', ['resume', '20261127'], ['20261127-090000-db-restore-11aa']],
    ['a backup', ['db', 'restore', 'tempovault_20261128'], ['tempovault_20261128T0200Z']],
    [
      'a backup behind a flag',
      ['db', 'verify', '--restore', ''],
      ['tempovault_20261128T0200Z', 'tempovault_20261127T0200Z'],
    ],
    ['a setting', ['config', 'show', 'chain.'], ['chain.id', 'chain.rpcUrls']],
    ['a service', ['logs', 'i'], ['indexer']],
    ['a second service, behind flags', ['logs', 'api', '-n', '5', 'o'], ['oracle']],
    ['the value of a short flag, which nothing offers', ['logs', '-n', ''], []],
    ['a long flag that has a short one', ['logs', '--fo'], ['--follow']],
    ['a value of a fixed set', ['sandbox', 'up', '--network', ''], ['tempo', 'plain']],
    ['a value of a fixed set with a default', ['db', 'slow-queries', '--by', 'm'], ['mean']],
    ['one of several forms', ['service', 'restart', ''], ['api', 'indexer', 'oracle']],
    ['the name of a procedure', ['runbook', 'show', 'emergency', 'un'], ['unwind']],
    ['the name of a command', ['schema', 'db', 'back'], ['backup', 'backups']],
    ["a file, which is the shell's to complete", ['emergency', 'withdraw', '--safe', ''], []],
    ['a word that nothing begins with', ['frobnicate', 'x'], []],
  ])('%s', async (_, typed, offered) => {
    expect(await of(...typed)).toEqual(offered);
  });

  it('offers the flags that the command takes, and no others', async () => {
    const withdraw = await of('emergency', 'withdraw', '--');
    expect(withdraw).toEqual(expect.arrayContaining(['--token', '--to', '--confirm', '--dry-run', '--json']));
    const list = await of('runs', 'list', '--');
    expect(list).toEqual(expect.arrayContaining(['--limit', '--json']));
    expect(list).not.toEqual(expect.arrayContaining(['--confirm']));
    expect(list).not.toEqual(expect.arrayContaining(['--dry-run']));
    expect(await of('resume', '--')).toEqual(expect.arrayContaining(['--dry-run', '--plan', '--confirm']));
    expect(await of('runs', 'undo', '--o')).toEqual([]);
    expect(await of('reindex', '--o')).toEqual(['--out', '--override']);
    expect(await of('--v')).toEqual(['--version', '--verbose']);
    expect(await of('runs', 'abandon', '--dry')).toEqual([]);
  });

  it('reads only the source of what is completed', async () => {
    asked.length = 0;
    await of('breaker', 'trip', '--pair', '');
    await of('db', '');
    expect(asked).toEqual(['pairs']);
  });
});
