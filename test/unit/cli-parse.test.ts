import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import trip from '../../runbooks/breaker/trip.ts';
import reindex from '../../runbooks/reindex.ts';
import { commandHelp, parse } from '../../src/cli/parse.ts';
import { renderError } from '../../src/cli/renderError.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import type { AnyCommand, CommandDefinition } from '../../src/runbook/define.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import { blockNumber, timeSpan } from '../../src/runbook/inputs.ts';
import { plainPaint } from '../support/paint.ts';

const entry: CommandDefinition = {
  command: 'reindex',
  services: [],
  summary: 'rebuild',
  section: '1',
  group: 'Indexer',
  risk: 'severe',
  load: async () => ({ default: reindex }),
};

const listing = defineReport({
  title: 'Logs',
  summary: 'Show the logs',
  description: 'For tests.',
  input: {
    services: field('[service...]', 'which', z.array(z.string()).default([])),
    lines: field('--lines <n>', 'how many', z.coerce.number().int().positive().default(50)),
  },
  collect: async () => null,
  render: () => '',
});

function read(line: string, command: AnyCommand = reindex) {
  return parse(entry, command, line.split(' ').filter(Boolean));
}

/** What an operator sees. */
function complaint(line: string, command: AnyCommand = reindex): string {
  try {
    read(line, command);
  } catch (error) {
    if (error instanceof UsageError) {
      expect(error.exitCode).toBe(2);
      return renderError(error, plainPaint(80), false).trim();
    }
    throw error;
  }
  throw new Error('taken');
}

const defaults = {
  ...{ truncate: false, backupDir: undefined, wait: true, timeout: 86_400_000 },
  ...{ beside: false, inPlace: false },
};

describe('input', () => {
  it.each([
    ['--from-block 12345678', { fromBlock: 12345678 }],
    ['--from-block=12_345_678 --truncate', { fromBlock: 12345678, truncate: true }],
    ['--from-block earliest --no-wait', { fromBlock: 0, wait: false }],
    ['--timeout 30m --from-block 0x10', { fromBlock: 16, timeout: 1_800_000 }],
    ['--from-block 1 --backup-dir /var/backups', { fromBlock: 1, backupDir: '/var/backups' }],
    ['--from-block 1 --from-block 2', { fromBlock: 2 }],
    ['--from-block 1 --in-place', { fromBlock: 1, inPlace: true }],
  ])('%s', (line, expected) => {
    expect(read(line).input).toEqual({ ...defaults, ...expected });
  });

  it.each([
    ['', { services: [], lines: 50 }],
    ['indexer oracle --lines 5', { services: ['indexer', 'oracle'], lines: 5 }],
  ])('of arguments: "%s"', (line, expected) => {
    expect(read(line, listing).input).toEqual(expected);
  });
});

describe('answers', () => {
  const none = {
    yes: false,
    confirm: undefined,
    overrides: [],
    reason: undefined,
    dryRun: false,
    plan: undefined,
  };
  it.each([
    ['', {}],
    ['-y', { yes: true }],
    ['--yes', { yes: true }],
    ['--confirm production', { confirm: 'production' }],
    ['--dry-run', { dryRun: true }],
    [`--plan ${'7f3a91c2'.repeat(8)}`, { plan: '7f3a91c2'.repeat(8) }],
    ['--wait 5m', { waitMs: 300_000 }],
    ['--override a --override b --reason late', { overrides: ['a', 'b'], reason: 'late' }],
  ])('%s', (line, expected) => {
    expect(read(`--from-block 1 ${line}`).answers).toEqual({ ...none, ...expected });
  });

  it.each(['--wait 5m --no-wait', '--no-wait --wait 5m'])('%s: both count, each for its own', (flags) => {
    const { input, answers } = read(`--from-block 1 ${flags}`);
    expect([input, answers.waitMs]).toEqual([{ ...defaults, fromBlock: 1, wait: false }, 300_000]);
  });

  it.each(['7f3a91c2', '7f3a91c2'.repeat(8).slice(1), `${'7f3a91c2'.repeat(8)}0`, 'latest'])(
    '--plan %s is not a whole digest: refused, with what to paste',
    (plan) => {
      expect(complaint(`--from-block 1 --plan ${plan}`)).toContain(
        '--plan needs the full digest of a plan: 64 hex digits.',
      );
    },
  );

  it('are no flags of a command that only reads', () => {
    expect(complaint('--yes', listing)).toContain('Unknown flag --yes.');
  });
});

describe('flags of every command', () => {
  const none = {
    env: undefined,
    config: undefined,
    json: false,
    color: undefined,
    full: false,
    verbose: false,
  };
  it.each([
    ['', {}, {}],
    ['-e staging', { env: 'staging' }, {}],
    ['--json --full --verbose', { json: true, full: true, verbose: true }, {}],
    ['--no-color', { color: false }, {}],
    ['--config /etc/x.yaml', { config: '/etc/x.yaml' }, {}],
    ['--set a=1 --set b.c=x=y', {}, { a: '1', 'b.c': 'x=y' }],
  ])('%s', (line, expected, set) => {
    const { flags } = read(line, listing);
    expect({ ...flags, set: undefined }).toEqual({ ...none, ...expected, set: undefined });
    expect(Object.fromEntries(flags.set)).toEqual(set);
  });
});

describe('wrong usage', () => {
  it('suggests the flag that was meant', () => {
    expect(complaint('--form-block 5')).toMatchInlineSnapshot(`
      "✖ Unknown flag --form-block.
        did you mean  --from-block
      Next: tv reindex --help"
    `);
  });
  it('names the flag that is needed', () => {
    expect(complaint('--truncate')).toMatchInlineSnapshot(`
      "✖ --from-block is needed.
      Next: tv reindex --help"
    `);
  });
  it('says what a value should look like', () => {
    expect(complaint('--from-block 12.5')).toMatchInlineSnapshot(`
      "✖ --from-block: expected a block number such as 12345678, 12_345_678, 0xbc614e
        or earliest
        given  12.5
      Next: tv reindex --help"
    `);
  });
  it('says what a time should look like', () => {
    expect(complaint('--from-block 1 --timeout soon')).toMatchInlineSnapshot(`
      "✖ --timeout: expected a time such as 90s, 30m, 2h or 1d
        given  soon
      Next: tv reindex --help"
    `);
  });
  it('a flag without its value → named, with its usage', () => {
    expect(complaint('--from-block')).toMatchInlineSnapshot(`
      "✖ --from-block needs a value.
        usage  --from-block <block>
      Next: tv reindex --help"
    `);
  });
  it('an argument too many → named', () => {
    expect(complaint('--from-block 1 now')).toMatchInlineSnapshot(`
      "✖ Too many arguments.
        not expected  now
      Next: tv reindex --help"
    `);
  });
  it('--out belongs to a dry run', () => {
    expect(complaint('--from-block 1 --out plan.json')).toContain('--out writes the plan of a dry run.');
  });
  it('--plan takes a file, which a digest is not', () => {
    const { answers } = read('--from-block 1 --plan ./plan');
    expect([answers.plan, answers.planFile]).toEqual([undefined, './plan']);
  });
  it('writes no file for a Safe where nothing is to be changed', () => {
    expect(complaint('--pair A --dry-run --safe batch.json', trip)).toMatch(
      /--safe writes a file, and --dry-run changes nothing/,
    );
  });

  it('takes settings as key and value', () => {
    expect(complaint('--from-block 1 --set chain.id')).toMatchInlineSnapshot(`
      "✖ --set takes key=value.
        given  chain.id
      Next: tv config show"
    `);
  });
});

describe('block numbers', () => {
  it.each([
    ['12345678', 12345678],
    ['12_345_678', 12345678],
    ['12,345,678', 12345678],
    ['0xbc614e', 12345678],
    ['0XBC614E', 12345678],
    ['earliest', 0],
    ['Earliest', 0],
    [' 7 ', 7],
    ['0', 0],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%s is %i', (text, expected) => {
    expect(blockNumber.parse(text)).toBe(expected);
  });

  it.each([
    ...['', ' ', 'latest', '-1', '+1', '1.5', '1e6', '12 345 678', '12.345.678'],
    ...['12_34', '1_2345', '_1', '1_', '1234_567', '0x', '0xzz', '0x_1', 'NaN', 'Infinity', '١٢'],
    ...['9007199254740992', '0xffffffffffffffff'],
  ])('"%s" is none', (text) => {
    expect(blockNumber.safeParse(text).success).toBe(false);
  });
});

describe('spans of time', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['5 m', 300_000],
  ])('%s is %i ms', (text, expected) => {
    expect(timeSpan.parse(text)).toBe(expected);
  });

  it.each(['', '0s', '30', 'm', '1.5h', '-1h', '1w', '1h30m'])('"%s" is none', (text) => {
    expect(timeSpan.safeParse(text).success).toBe(false);
  });
});

describe('help of a command', () => {
  it.each([60, 80])('keeps to %i columns', (width) => {
    const lines = commandHelp(entry, reindex, width).split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
  });

  it('says title, risk, section, intent and every flag', () => {
    expect(commandHelp(entry, reindex, 80)).toMatchInlineSnapshot(`
      "Reindex events · risk: severe · runbook §1

      Usage: tv reindex [options]

      Clears the indexed events from a block on and has the indexer read them from the
      chain again: after damage to the database, to fill in history, or after a change
      of the schema. Rows below that block stay as they are, unless --truncate asks
      for the whole.

      It works on a copy beside the live database, which keeps being written and
      served: a second instance of the deployed indexer fills the copy from blocks
      that tv reads ahead, so that no call of it fails. The copy is compared with the
      chain, event by event; blocks that are missing are read again. Then the two
      databases change names in one transaction. The indexer is down for about a
      second, and the API not at all. The old database is kept under a dated name,
      until tv db prune --old; tv runs undo brings it back.

      That takes a role that may make databases (database.adminUrl), room for a second
      database, and tv on the host itself. With --in-place the live database is
      cleared instead: the indexer's rows are missing until it has read the chain
      again, at its own speed.

      Options:
        --from-block <block>      first block to index again: 12345678, 12_345_678,
                                  0x…, or earliest
        --truncate                clear the event tables as a whole, older history too
        --backup-dir <directory>  where the backup goes (default: from the settings)
        --beside                  fill a copy beside the live database, and swap (the
                                  default)
        --in-place                clear the live database itself; the indexer reads
                                  the chain from there
        --no-wait                 with --in-place: do not follow the indexer to the
                                  head (--wait is about other runs)
        --timeout <time>          limit of the way to the head, such as 30m or 2h
                                  (default 24h)
        -h, --help                show this help

      Answering:
        -y, --yes                 answer yes to a moderate question
        --confirm <environment>   answer a severe question by naming the environment
        --wait <time>             wait up to this long (30s, 5m) for another run to
                                  end

      Planning:
        --dry-run                 run every check, print the plan and its digest,
                                  change nothing
        --plan <digest|file>      refuse if the plan has changed (all 64 digits)
        --out <file>              write the plan of a dry run to a new file, for
                                  others to approve
        --override <check>        override a check by its name (repeatable)
        --reason <text>           reason for the override; kept in the audit log

      Everywhere:
        -e, --env <name>          environment to work on
        --config <file>           configuration file
        --set <key=value>         one setting, as \`tv config show\` names it
                                  (repeatable)
        --json                    machine-readable output on stdout
        --full                    addresses and hashes in full
        --verbose                 stack traces and timings
        --no-color                no colour

      Examples:
        # Check and plan, and change nothing
        tv reindex --from-block 12345678 --dry-run

        # Rebuild the tables from a block
        tv reindex --from-block 12345678

        # From a script
        tv reindex --from-block 12345678 --confirm production

      "
    `);
  });
});
