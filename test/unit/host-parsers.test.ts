import { describe, expect, it } from 'vitest';
import { known, unknown } from '../../src/errors/answer.ts';
import { listPrograms, parseDetails, parseProcessList } from '../../src/host/listProcesses.ts';
import { parseSystemdTime } from '../../src/host/parseSystemdTime.ts';
import { parseDisk } from '../../src/host/readDisk.ts';
import { parseJournal } from '../../src/host/readJournal.ts';
import { parseMachine } from '../../src/host/readMachine.ts';
import { assertUnitName, parseUnitStates, readUnits } from '../../src/host/readUnits.ts';
import { readSchedule } from '../../src/host/schedule/readSchedule.ts';
import { scheduleSet } from '../../src/host/schedule/scheduleUnits.ts';
import type { CommandOutput, Host } from '../../src/runbook/context.ts';

// Printed by systemd 252 for three units: running, killed by a signal, not installed.
const shown = `MainPID=57
Result=success
NRestarts=0
MemoryCurrent=[not set]
Id=good.service
LoadState=loaded
ActiveState=active
SubState=running
InactiveExitTimestamp=Mon 2026-11-23 23:10:23 UTC
ActiveEnterTimestamp=Mon 2026-11-23 23:10:24 UTC
ActiveExitTimestamp=
InactiveEnterTimestamp=

MainPID=0
Result=signal
NRestarts=4
MemoryCurrent=18446744073709551615
Id=bad.service
LoadState=loaded
ActiveState=failed
SubState=failed
InactiveExitTimestamp=Mon 2026-11-23 23:10:23 UTC
ActiveEnterTimestamp=Mon 2026-11-23 23:10:24 UTC
ActiveExitTimestamp=Mon 2026-11-23 23:10:25 UTC
InactiveEnterTimestamp=Mon 2026-11-23 23:10:26 UTC

MainPID=0
Result=success
NRestarts=0
MemoryCurrent=4096000
Id=nope.service
LoadState=not-found
ActiveState=inactive
SubState=dead
InactiveExitTimestamp=
ActiveEnterTimestamp=
ActiveExitTimestamp=
InactiveEnterTimestamp=
`;

describe('parseUnitStates', () => {
  it('reads what systemctl show prints', () => {
    expect(parseUnitStates(shown)).toEqual([
      {
        unit: 'good.service',
        loadState: 'loaded',
        activeState: 'active',
        subState: 'running',
        result: 'success',
        mainPid: 57,
        since: new Date('2026-11-23T23:10:24Z'),
        restarts: 0,
        memoryBytes: undefined,
      },
      {
        unit: 'bad.service',
        loadState: 'loaded',
        activeState: 'failed',
        subState: 'failed',
        result: 'signal',
        mainPid: 0,
        since: new Date('2026-11-23T23:10:26Z'),
        restarts: 4,
        memoryBytes: undefined,
      },
      {
        unit: 'nope.service',
        loadState: 'not-found',
        activeState: 'inactive',
        subState: 'dead',
        result: 'success',
        mainPid: 0,
        since: undefined,
        restarts: 0,
        memoryBytes: 4_096_000,
      },
    ]);
    expect(parseUnitStates('')).toEqual([]);
  });

  it('a time in local time → unknown since when, not never', () => {
    const shown = 'Id=a.service\nLoadState=loaded\nActiveState=active\nActiveEnterTimestamp=';
    const [local] = parseUnitStates(`${shown}Mon 2026-11-23 03:12:00 CET\n`);
    expect(local).toMatchObject({ since: undefined, sinceUnknown: expect.stringContaining('03:12:00 CET') });
    const [never] = parseUnitStates(`${shown}\n`);
    expect(never).not.toHaveProperty('sinceUnknown');
  });

  it('never lets a name be taken for an option or a pattern', () => {
    for (const name of ['--now', 'tempovault-*', 'a b', '', 'x;y']) {
      expect(() => assertUnitName(name)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
    }
    for (const name of ['tempovault-api', 'postgresql@15-main.service', 'dev-disk\\x2d1.device']) {
      expect(() => assertUnitName(name)).not.toThrow();
    }
  });
});

describe('parseSystemdTime', () => {
  it.each([
    ['Mon 2026-11-23 03:12:00 UTC', '2026-11-23T03:12:00.000Z'],
    ['Mon 2026-11-23 03:12:00.123456 UTC', '2026-11-23T03:12:00.123Z'],
    ['@1795475402', '2026-11-23T23:10:02.000Z'],
    ['2026-11-23T03:12:00.5Z', '2026-11-23T03:12:00.500Z'],
    ['2026-11-23 03:12:00+02:00', '2026-11-23T01:12:00.000Z'],
    ['2026-11-23 03:12:00 +0200', '2026-11-23T01:12:00.000Z'],
  ])('%s', (text, time) => {
    expect(parseSystemdTime(text)).toEqual(known(new Date(time)));
  });

  it.each(['', 'n/a'])('%j → never', (text) => {
    expect(parseSystemdTime(text)).toEqual(known(undefined));
  });

  it.each(['0', 'Mon 2026-11-23 03:12:00 CST', '3min ago', 'Mon 2026-19-43 03:12:00 UTC'])(
    '%j → unknown, not never',
    (text) => {
      expect(parseSystemdTime(text)).toEqual(
        unknown(`systemd reports "${text}", which tv cannot convert to UTC`),
      );
    },
  );
});

describe('parseJournal', () => {
  it('reads text, bytes, repeated fields and missing ones', () => {
    const lines = [
      '{"_PID":"1","__REALTIME_TIMESTAMP":"1795475423556696","PRIORITY":"4","MESSAGE":"bad.service: Main process exited, code=killed, status=9/KILL"}',
      '{"_COMM":"b.sh","PRIORITY":"6","MESSAGE":[98,97,100,32,255,32,98,121,116,101,115],"__REALTIME_TIMESTAMP":"1795475423556381"}',
      '{"MESSAGE":["one","two"],"__REALTIME_TIMESTAMP":"1795475423000000"}',
      '{"MESSAGE":null,"__REALTIME_TIMESTAMP":"1795475423000000"}',
      '-- Boot 34799ef89149465e9d8a810d3510ebe6 --',
      '{"torn',
      '',
    ];
    expect(parseJournal(lines.join('\n'))).toEqual([
      {
        at: new Date('2026-11-23T23:10:23.556Z'),
        message: 'bad.service: Main process exited, code=killed, status=9/KILL',
        priority: 4,
      },
      { at: new Date('2026-11-23T23:10:23.556Z'), message: 'bad \uFFFD bytes', priority: 6 },
      { at: new Date('2026-11-23T23:10:23.000Z'), message: 'one\ntwo', priority: 6 },
      { at: new Date('2026-11-23T23:10:23.000Z'), message: '', priority: 6 },
    ]);
  });
});

describe('parseDisk', () => {
  const header = 'Filesystem     1024-blocks     Used Available Capacity Mounted on\n';

  it('reads what df -Pk prints, spaces in names too', () => {
    expect(parseDisk(`${header}/dev/vda         264212084 30846676  75544236      29% /\n`)).toEqual({
      totalBytes: 264212084 * 1024,
      freeBytes: 75544236 * 1024,
      mount: '/',
    });
    expect(parseDisk(`${header}//nas/my share 100 40 60 40% /mnt/my backup\n`)).toEqual({
      totalBytes: 102_400,
      freeBytes: 61_440,
      mount: '/mnt/my backup',
    });
  });

  it('takes an overfull file system for full', () => {
    expect(parseDisk(`${header}/dev/vda 100 100 -5 106% /\n`)?.freeBytes).toBe(0);
  });

  it('does not guess', () => {
    expect(parseDisk('')).toBeUndefined();
    expect(parseDisk(header)).toBeUndefined();
    // No size is no full disk.
    expect(parseDisk(`${header}proc 0 0 0 - /proc\n`)).toBeUndefined();
  });
});

describe('parseMachine', () => {
  it('reads size, memory and load', () => {
    const output = `2
vault-1
34799ef8-9149-465e-9d8a-810d3510ebe6
2.21 2.89 1.75 5/196 27063
MemTotal:       24684084 kB
MemFree:        20265900 kB
MemAvailable:   23147896 kB
`;
    expect(parseMachine(output)).toEqual({
      cores: 2,
      memoryTotalBytes: 24684084 * 1024,
      memoryAvailableBytes: 23147896 * 1024,
      load: [2.21, 2.89, 1.75],
      hostname: 'vault-1',
      bootId: '34799ef8-9149-465e-9d8a-810d3510ebe6',
    });
    expect(parseMachine(output.replace('MemAvailable', 'MemOther'))).toBeUndefined();
  });
});

describe('the parts of listProcesses', () => {
  it('reads what ps prints', () => {
    const output = `    1    3019 Ss   root                                                             /sbin/init
  812  273600 Tl   tempovault                                                       python3 event_indexer.py
`;
    expect(parseProcessList(output)).toEqual([
      { pid: 1, startedSecondsAgo: 3019, user: 'root', stopped: false, args: '/sbin/init' },
      {
        pid: 812,
        startedSecondsAgo: 273600,
        user: 'tempovault',
        stopped: true,
        args: 'python3 event_indexer.py',
      },
    ]);
  });

  it('finds the unit under both cgroup versions', () => {
    const output = `pid 812
python3
event_indexer.py

0::/system.slice/tempovault-indexer.service
end
pid 900
python3

event_indexer.py

9:name=systemd:/user.slice/user-1000.slice/session-3.scope
8:pids:/
0::/
end
pid 901
node

0::/
end
`;
    expect(parseDetails(output)).toEqual(
      new Map([
        [812, { argv: ['python3', 'event_indexer.py'], unit: 'tempovault-indexer.service' }],
        [900, { argv: ['python3', '', 'event_indexer.py'], unit: 'session-3.scope' }],
        [901, { argv: ['node'], unit: undefined }],
      ]),
    );
  });
});

describe('the schedule that a package offers', () => {
  const units = (timer: Readonly<Record<string, string>>) =>
    scheduleSet.units.map((unit) => {
      const properties = {
        ...{
          Id: unit,
          LoadState: 'loaded',
          ActiveState: 'inactive',
          FragmentPath: `/usr/lib/systemd/system/${unit}`,
        },
        UnitFileState: unit.endsWith('.timer') ? 'disabled' : 'static',
        ...(unit === 'tempovault-db-backup.timer' ? timer : {}),
      };
      return Object.entries(properties)
        .map(([name, value]) => `${name}=${value}\n`)
        .join('');
    });
  const host = (timer: Readonly<Record<string, string>>) =>
    ({
      prefix: [],
      run: async () => ({ exitCode: 0, stdout: units(timer).join('\n'), stderr: '' }),
    }) as unknown as Host;

  it('disabled → no schedule is installed', async () => {
    expect(await readSchedule(host({}))).toBeUndefined();
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['one timer enabled', { UnitFileState: 'enabled' }],
    ['one timer started', { ActiveState: 'active' }],
    ['one file of an administrator', { FragmentPath: '/etc/systemd/system/tempovault-db-backup.timer' }],
  ])('%s → installed', async (_, timer) => {
    expect(await readSchedule(host(timer))).toHaveLength(3);
  });
});

describe('a schedule whose times are in local time', () => {
  const jobsWith = async (service: Readonly<Record<string, string>>) => {
    const block = (unit: string) =>
      Object.entries({
        ...{ Id: unit, LoadState: 'loaded', FragmentPath: `/etc/systemd/system/${unit}` },
        ...{ ActiveState: 'active', UnitFileState: 'enabled', ...service },
      })
        .map(([name, value]) => `${name}=${value}\n`)
        .join('');
    const stdout = scheduleSet.units.map(block).join('\n');
    return (await readSchedule({ prefix: [], run: async () => ({ exitCode: 0, stdout, stderr: '' }) })) ?? [];
  };
  const local = 'Mon 2026-11-23 02:00:00 CET';

  it('a run that failed is judged, its time is unknown', async () => {
    const [job] = await jobsWith({
      ...{ ExecMainStartTimestamp: local, ExecMainExitTimestamp: local, NextElapseUSecRealtime: local },
      ...{ Result: 'exit-code', ExecMainStatus: '1' },
    });
    expect(job).toMatchObject({
      ...{ next: undefined, timesUnknown: expect.stringContaining(local) },
      last: { startedAt: undefined, endedAt: undefined, result: 'exit-code', exitCode: 1 },
    });
  });

  it.each(['', 'n/a'])('started %j → not run yet', async (ExecMainStartTimestamp) => {
    const [job] = await jobsWith({ ExecMainStartTimestamp, Result: 'success' });
    expect(job?.last).toBeUndefined();
    expect(job).not.toHaveProperty('timesUnknown');
  });
});

describe('a command that exits with 0 and answers nothing', () => {
  /** @param stdout what every command prints */
  const hostThatPrints = (stdout: string): Host => ({
    prefix: [],
    run: async () => ({ exitCode: 0, stdout, stderr: '' }),
  });

  it.each(['', '\n', 'not a list\n', '  1 9 Ss root /sbin/init\n'])(
    'ps prints %j → unknown, not none',
    async (printed) => {
      await expect(listPrograms(hostThatPrints(printed), { programs: ['oracle_relay'] })).rejects.toThrow(
        'The processes of the host cannot be listed.',
      );
      const whole = ' 1 9 Ss root /sbin/init\n 7 0 R root ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n';
      const [none] = await listPrograms(hostThatPrints(whole), {
        programs: ['oracle_relay'],
      });
      expect(none).toEqual([]);
    },
  );

  describe('a list of processes that may lack some', () => {
    const itself = ' 9 0 R ops ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n';
    const first = ' 1 9 Ss root /sbin/init\n';
    const relay = ' 8 9 Ss tempovault python3 /opt/oracle_relay.py\n';
    const detail = 'pid 8\npython3\n/opt/oracle_relay.py\n\n0::/system.slice/a.service\nend\n';
    const list = (listed: string, details: Partial<CommandOutput> = {}) => {
      const run: Host['run'] = async ([program]) => ({
        ...{ exitCode: 0, stdout: listed, stderr: '' },
        ...(program === 'ps' ? {} : { stdout: detail, ...details }),
      });
      return listPrograms({ prefix: [], run }, { programs: ['oracle_relay'] });
    };

    it('/proc hides the processes of other users → unknown, and says what helps', async () => {
      await expect(list(` 7 9 Ss ops -bash\n${itself}`)).rejects.toMatchObject({
        message: 'The processes of the host cannot be listed.',
        facts: { reason: expect.stringContaining('/proc hides the processes of other users') },
        next: [{ when: 'run tv as root, or set host.prefix to sudo -n', tv: ['config', 'show'] }],
      });
    });

    it('process 1 is listed, of a host or of a container → the list counts', async () => {
      expect(await list(first + itself)).toEqual([[]]);
      expect(await list(first + relay + itself)).toMatchObject([[{ pid: 8, unit: 'a.service' }]]);
    });

    it.each<[string, Partial<CommandOutput>, string]>([
      [
        'may not be read',
        { exitCode: 3, stdout: '', stderr: '/proc/8 may not be read\n' },
        'may not be read',
      ],
      ['is not in the answer', { stdout: '' }, 'what process 8 runs was not returned'],
    ])('what a process runs %s → unknown, not none', async (_, details, reason) => {
      await expect(list(first + relay + itself, details)).rejects.toMatchObject({
        facts: { reason: expect.stringContaining(reason) },
      });
    });

    it('a process that has ended meanwhile is none', async () => {
      expect(await list(first + relay + itself, { stdout: 'pid 8\n\n\n\nend\n' })).toEqual([[]]);
    });
  });

  it.each(['', 'a=b\n', 'Id=good.service\nActiveState=active\n', 'Id=good.service\nLoadState=loaded\n'])(
    'systemctl show prints %j → unknown, no state',
    async (printed) => {
      await expect(readUnits(hostThatPrints(printed), { units: ['good'] })).rejects.toMatchObject({
        code: 'host.systemd-silent',
      });
    },
  );
});
