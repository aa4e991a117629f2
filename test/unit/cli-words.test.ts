import { describe, expect, it } from 'vitest';
import { wordsOfCall } from '../../src/cli/parse.ts';
import { findCommand, helpWordToFlag, namedEnvironment, nearest, strangeFlag } from '../../src/cli/words.ts';
import { registry } from '../../src/registry.generated.ts';

function found(line: string): string {
  const { entry, rest } = findCommand(registry, line.split(' '));
  return `${entry?.command ?? 'none'} | ${rest.join(' ')}`;
}

describe('the command in the arguments', () => {
  it.each([
    ['reindex --from-block 5', 'reindex | --from-block 5'],
    ['reindex check --from-block 5', 'reindex check | --from-block 5'],
    ['-e staging reindex check', 'reindex check | -e staging'],
    ['reindex -e staging check', 'reindex check | -e staging'],
    ['--env=staging reindex check', 'reindex check | --env=staging'],
    ['-estaging status --json', 'status | -estaging --json'],
    ['--json --set a=b runs list', 'runs list | --json --set a=b'],
    ['--dry-run reindex --from-block 5', 'reindex | --dry-run --from-block 5'],
    // An environment, a reason or a directory may be called like a command.
    ['-e check reindex', 'reindex | -e check'],
    ['reindex --reason check --from-block 5', 'reindex | --reason check --from-block 5'],
    ['--out check reindex', 'reindex | --out check'],
    ['reindex --backup-dir check', 'reindex | --backup-dir check'],
    ['resume 7f3a', 'runs resume | 7f3a'],
    ['runs show list', 'runs show | list'],
    ['runs', 'none | runs'],
    ['runs -- list', 'none | runs -- list'],
    ['frobnicate', 'none | frobnicate'],
  ])('%s', (line, expected) => {
    expect(found(line)).toBe(expected);
  });

  it.each([
    ['staus', 'status'],
    ['reindx', 'reindex'],
    ['runs lst', 'runs list'],
    ['sandbox dwon', 'sandbox down'],
    ['frobnicate', undefined],
    ['x', undefined],
  ])('%s was meant as %s', async (line, expected) => {
    await expect(nearest(registry, line.split(' '))).resolves.toBe(expected);
  });

  it.each([
    ['--version', undefined],
    ['-V', undefined],
    ['--json --no-color', undefined],
    ['-e --odd', undefined],
    ['--verison', '--verison'],
    ['--json -x', '-x'],
  ])('%s has the strange flag %s', (line, expected) => {
    expect(strangeFlag(line.split(' '))).toBe(expected);
  });
});

describe('tv help', () => {
  it.each([
    ['help', '--help'],
    ['help oracle fund', 'oracle fund --help'],
    ['-e staging help runs', '-e staging runs --help'],
    // An environment may be called so, and so may the name of a run.
    ['-e help help status', '-e help status --help'],
    ['runs show help', 'runs show help'],
    ['status', 'status'],
  ])('%s → %s', (line, expected) => {
    expect(helpWordToFlag(registry, line.split(' ')).join(' ')).toBe(expected);
  });
});

describe('the words of a call that is to be made again', () => {
  it.each([
    ['-e drill reindex --dry-run --from-block 5', 'reindex --from-block 5'],
    ['reindex --from-block 5 --env=drill --config=/c.yaml --plan=12ab', 'reindex --from-block 5'],
    ['--config /c.yaml db -edrill restore x --plan 12ab --dry-run --full', 'db restore x --full'],
    ['resume 7f3a --dry-run --wait 5m', 'resume 7f3a --wait 5m'],
  ])('%s → %s', (line, expected) => {
    const { entry, rest } = findCommand(registry, line.split(' '));
    expect(entry === undefined ? [] : wordsOfCall(entry, rest)).toEqual(expected.split(' '));
  });
});

describe('the environment that the arguments name', () => {
  it.each([
    [['-e', 'drill', 'stats'], 'drill'],
    [['stats', '--env', 'drill'], 'drill'],
    [['--env=drill', 'stats'], 'drill'],
    [['-edrill', 'stats'], 'drill'],
    [['stats'], undefined],
  ])('%j: %s', (argv, environment) => {
    expect(namedEnvironment(argv)).toBe(environment);
  });
});
