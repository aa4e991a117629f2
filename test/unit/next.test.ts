import { describe, expect, it } from 'vitest';
import sandboxUp from '../../runbooks/sandbox/up.ts';
import { type AdvicePlace, adviceLine, planLine, renderNext } from '../../src/cli/advice.ts';
import { type Advice, onHost, onThisMachine } from '../../src/errors/advice.ts';
import { registry } from '../../src/registry.generated.ts';
import { sandboxDirectory } from '../../src/sandbox/paths.ts';
import { plainPaint } from '../support/paint.ts';

describe('a command under Next', () => {
  it.each([
    [{ tv: ['resume', '20261123'] }, 'tv -e drill resume 20261123'],
    [
      { when: 'once it is due', tv: ['oracle', 'revoke-old', '--now'] },
      'once it is due: tv -e drill oracle revoke-old --now',
    ],
    [{ tv: ['-e', 'other', 'status'] }, 'tv -e other status'],
    ['run tv as root', 'run tv as root'],
    [{ when: 'set RPC_URL, or', tv: ['config', 'init'] }, 'set RPC_URL, or: tv config init'],
    [{ tv: ['--help'] }, 'tv --help'],
    [{ tv: ['db', 'restore', '--help'] }, 'tv db restore --help'],
  ] as const)('names the environment: %j', (advice, typed) => {
    expect(adviceLine(advice, { environment: 'drill' })).toBe(typed);
    expect(adviceLine(advice, { environment: undefined })).toBe(typed.replace('-e drill ', ''));
  });

  it('does so for every command but those that need none', () => {
    const other = registry
      .map(({ command }) => command)
      .filter(
        (command) =>
          adviceLine({ tv: command.split(' ') }, { environment: 'drill' }) !== `tv -e drill ${command}`,
      );
    const rest = other.filter((command) => !/^(?:sandbox|drill) /.test(command));
    expect(rest).toEqual(['config init', 'completion']);
  });
});

describe('advice', () => {
  const laptop = { environment: 'prod', config: '/etc/my tv.yaml', hostPrefix: ['ssh', 'ops@vault-1'] };
  const sudo = { environment: undefined, hostPrefix: ['sudo', '-n'] };

  it.each([
    [
      { tv: ['runs', 'note', 'r1', "it's fine"] },
      laptop,
      `tv -e prod --config '/etc/my tv.yaml' runs note r1 'it'\\''s fine'`,
    ],
    [
      { tv: ['resume'], when: 'once the disk has room' },
      laptop,
      "once the disk has room: tv -e prod --config '/etc/my tv.yaml' resume",
    ],
    [
      { when: 'see which is set', tv: ['config', 'show'] },
      laptop,
      "see which is set: tv -e prod --config '/etc/my tv.yaml' config show",
    ],
    [{ tv: ['sandbox', 'up'] }, laptop, 'tv sandbox up'],
    [
      { tv: ['sandbox', 'break', '--heal'] },
      { environment: undefined, call: ['sandbox', 'break', 'kill-oracle', '--dir', '/srv/my drill'] },
      "tv sandbox break --heal '--dir=/srv/my drill'",
    ],
    [
      { tv: ['sandbox', 'down'] },
      { environment: undefined, call: ['sandbox', 'status', '--name=drill'] },
      'tv sandbox down --name=drill',
    ],
    [
      { tv: ['resume', 'r1'] },
      {
        environment: 'prod',
        call: ['reindex', '--set', 'chain.rpcUrls=http://10.0.0.7:8545', '--from-block=1'],
      },
      'tv -e prod --set=chain.rpcUrls=http://10.0.0.7:8545 resume r1',
    ],
    [
      { tv: ['runs', 'list'], on: 'vault-2' },
      { environment: 'prod', call: ['reindex', '--set', 'stateDirectory=/srv/tv'] },
      'on vault-2: tv -e prod runs list',
    ],
    [
      { tv: ['resume', 'r1'] },
      { environment: 'prod', call: ['reindex', '--set=chain.rpcUrls=https://me:secret@node.example'] },
      'tv -e prod resume r1',
    ],
    [
      { tv: ['resume', 'r1'] },
      { environment: 'prod', call: ['reindex', '--set', `contracts.riskController=0x${'7c'.repeat(32)}`] },
      'tv -e prod resume r1',
    ],
    [
      onHost('systemctl restart tempovault-oracle'),
      laptop,
      'ssh ops@vault-1 systemctl restart tempovault-oracle',
    ],
    [onHost('systemctl restart tempovault-oracle'), sudo, 'sudo -n systemctl restart tempovault-oracle'],
    [onHost('du -xh / | sort -h'), laptop, "ssh ops@vault-1 'du -xh / | sort -h'"],
    [onThisMachine('chmod 600 /home/ops/key'), laptop, 'chmod 600 /home/ops/key'],
    [{ shell: 'ls -l /x', on: 'host' }, laptop, 'ssh ops@vault-1 ls -l /x'],
    [{ shell: 'ls -l /x', on: 'here' }, laptop, 'ls -l /x'],
    ['wait a minute', laptop, 'wait a minute'],
    [{ tv: ['-e', 'other', 'resume', 'r1'] }, laptop, "tv --config '/etc/my tv.yaml' -e other resume r1"],
    [
      onHost('kill 41 42', 'end what does not belong to the unit'),
      laptop,
      'end what does not belong to the unit: ssh ops@vault-1 kill 41 42',
    ],
    [
      onHost('df -h /backup', 'where the disk is full'),
      sudo,
      'where the disk is full: sudo -n df -h /backup',
    ],
    [onThisMachine('df -h /var/lib/tv'), laptop, 'df -h /var/lib/tv'],
    [onHost("ls -ld '/my backups'"), laptop, `ssh ops@vault-1 'ls -ld '\\''/my backups'\\'''`],
    [onHost("ls -ld '/my backups'"), { environment: undefined }, "ls -ld '/my backups'"],
    [onHost('ls -ld /x; findmnt -T /x'), sudo, "sudo -n sh -c 'ls -ld /x; findmnt -T /x'"],
    [
      onThisMachine('cast receipt 0x12 --rpc-url "$RPC_URL"', 'see what it did'),
      { environment: undefined, rpcUrl: 'http://127.0.0.1:8545' },
      'see what it did: cast receipt 0x12 --rpc-url http://127.0.0.1:8545',
    ],
    [
      { again: ['--plan', '12'] },
      { ...laptop, call: ['db', 'pin', 'x', '--reason', 'INC 7'] },
      "tv -e prod --config '/etc/my tv.yaml' db pin x --reason 'INC 7' --plan 12",
    ],
    [
      { again: ['--set', 'monitor.limitMs=10000'] },
      {
        environment: undefined,
        call: ['status', '--set', 'monitor.limitMs=4000', '--set=monitor.limitMs=1', '--set', 'chain.id=1'],
      },
      'tv status --set chain.id=1 --set monitor.limitMs=10000',
    ],
    [
      { again: ['--confirm', 'prod'] },
      {
        environment: 'prod',
        call: ['db', 'restore', '--confirm=staging', '--override', 'a', '--confirm', 'x'],
      },
      'tv -e prod db restore --override a --confirm prod',
    ],
    [
      { again: ['--override', 'b', '--reason', '…'], when: 'to overrule' },
      { environment: undefined, call: ['reindex', '--override', 'a', '--reason', 'INC 7'] },
      'to overrule: tv reindex --override a --override b --reason "…"',
    ],
    [{ again: ['-e', 'prod'] }, { environment: 'stage', call: ['status'] }, 'tv status -e prod'],
    [{ again: [], when: 'then' }, { environment: undefined, call: ['db', 'prune'] }, 'then: tv db prune'],
    [{ again: [], when: 'then' }, { environment: undefined }, 'then: the same command again'],
    // It may be a private key, pasted in the wrong place.
    ...[['--pair', 'ab'.repeat(32)], [`--pair=0x${'ab'.repeat(32)}`], ['--to', `0x${'ab'.repeat(30)}`]].map(
      (words): [Advice, AdvicePlace, string] => [
        { again: ['--yes'] },
        { environment: undefined, call: ['breaker', 'trip', ...words] },
        'the same command with --yes',
      ],
    ),
    [
      { again: ['--yes'] },
      { environment: undefined, call: ['db', 'prune', '--plan', 'ab'.repeat(32)] },
      `tv db prune --plan ${'ab'.repeat(32)} --yes`,
    ],
  ] as const)('%j', (advice, place, line) => {
    expect(adviceLine(advice, place)).toBe(line);
  });
});

describe('the shell line of a step', () => {
  const laptop = { environment: 'prod', hostPrefix: ['ssh', 'ops@vault-1'], rpcUrl: 'https://rpc.tempo.xyz' };
  const onHost = { environment: undefined, hostPrefix: ['sudo', '-n'] };
  const send = 'cast send 0x12 "pause()" --rpc-url "$RPC_URL" --account emergency';

  it.each([
    ['systemctl stop tempovault-indexer', laptop, 'ssh ops@vault-1 systemctl stop tempovault-indexer'],
    ["rm -r '/my backups/a'", onHost, "sudo -n rm -r '/my backups/a'"],
    [
      'timeout 10 systemctl stop a || systemctl kill a',
      onHost,
      "sudo -n sh -c 'timeout 10 systemctl stop a || systemctl kill a'",
    ],
    ["psql -d v -c 'BEGIN; COMMIT'", onHost, "sudo -n psql -d v -c 'BEGIN; COMMIT'"],
    ['dropdb a', { environment: undefined }, 'dropdb a'],
  ])('on the host: %s', (command, place, line) => {
    expect(planLine({ command }, place)).toBe(line);
  });

  it.each([
    ['tv', 'tv reindex check --from-block 5', laptop, 'tv -e prod reindex check --from-block 5'],
    ['tv', "tv db pin a --reason 'b c'", laptop, "tv -e prod db pin a --reason 'b c'"],
    ['here', send, laptop, send.replace('"$RPC_URL"', 'https://rpc.tempo.xyz')],
    // The URL has credentials: its variable is named instead.
    ['here', send, onHost, send],
    ['here', '# remove the keys', laptop, '# remove the keys'],
  ] as const)('%s: %s', (runs, command, place, line) => {
    expect(planLine({ command, runs }, place)).toBe(line);
  });
});

describe('Next on a narrow terminal', () => {
  it('wraps the condition, and leaves a command on one line to be pasted', () => {
    const command = { tv: ['runs', 'report', '20261127-032311-db-restore-6957'] };
    const drill = { ...plainPaint(60), environment: 'drill' };
    expect(renderNext([command, { ...command, when: 'once whatever has stopped it is gone' }], drill)).toBe(
      [
        'Next: tv -e drill runs report 20261127-032311-db-restore-6957',
        '      once whatever has stopped it is gone:',
        '      tv -e drill runs report 20261127-032311-db-restore-6957',
      ].join('\n'),
    );
  });
});

describe('Next of tv sandbox up', () => {
  const rendered = (dir: string) => {
    const info = { already: false, name: 'sandbox', dir, seconds: 18, machine: { kind: 'systemd' } };
    const rest = { ports: { rpc: 1, api: 2, database: 3 }, files: { config: `${dir}/tv.yaml` } };
    const text = sandboxUp.render({ ...info, ...rest } as never, plainPaint(80), {} as never);
    return text.slice(text.indexOf('Next:'));
  };

  it('in the state directory → its name is enough', () => {
    expect(rendered(sandboxDirectory({ name: 'sandbox', dir: undefined }))).toBe(
      'Next: tv -e sandbox status\n      tv sandbox shell\n      tv sandbox down\n',
    );
  });

  it('in another directory → the commands name it', () => {
    expect(rendered('/srv/my drill')).toBe(
      [
        "Next: tv -e sandbox --config '/srv/my drill/tv.yaml' status",
        "      tv sandbox shell --dir '/srv/my drill'",
        "      tv sandbox down --dir '/srv/my drill'\n",
      ].join('\n'),
    );
  });
});
