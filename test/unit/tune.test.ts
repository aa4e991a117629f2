import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memorySize } from '../../runbooks/db/tune.preflight.ts';
import { tuneCommand } from '../../runbooks/db/tune.ts';
import { installedMemory, recommendSettings } from '../../src/database/tuning/recommendSettings.ts';
import { bytesOf, inPostgresUnits, sameSetting, sameValue } from '../../src/database/tuning/sizes.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { parseUnitCommand, readApiWorkers, workersFlag } from '../../src/host/readApiWorkers.ts';
import { parseDiskKind } from '../../src/host/readDiskKind.ts';
import type { Host } from '../../src/runbook/context.ts';

const gib = 1024 ** 3;

function settings(machine: Parameters<typeof recommendSettings>[0], maxConnections = 100) {
  return Object.fromEntries(
    recommendSettings(machine, { maxConnections }).map(({ name, value }) => [name, value]),
  );
}

describe('recommendSettings', () => {
  test('gives exactly the figures of the runbook on 16 GB', () => {
    expect(settings({ memoryBytes: 16 * gib, cores: 4, disk: 'ssd' })).toEqual({
      shared_buffers: '4GB',
      effective_cache_size: '12GB',
      maintenance_work_mem: '1GB',
      checkpoint_completion_target: '0.9',
      wal_buffers: '16MB',
      default_statistics_target: '100',
      random_page_cost: '1.1',
      effective_io_concurrency: '200',
      work_mem: '10485kB',
      min_wal_size: '1GB',
      max_wal_size: '4GB',
    });
  });

  test.each([1, 2, 8])('and no others with %i cores', (cores) => {
    expect(settings({ memoryBytes: 16 * gib, cores, disk: 'ssd' })).toEqual(
      settings({ memoryBytes: 16 * gib, cores: 4, disk: 'ssd' }),
    );
  });

  test('knows what the kernel leaves of 16 GB for 16 GB', () => {
    // A droplet of 16 GB reports 16 393 244 kB.
    expect(installedMemory(16_393_244 * 1024)).toBe(16 * gib);
    expect(installedMemory(16 * gib)).toBe(16 * gib);
    expect(installedMemory(2_030_000 * 1024)).toBe(2 * gib);
    expect(installedMemory(480_000 * 1024)).toBe(gib / 2);
  });

  test('follows the disk, the cores above the defaults, and a larger max_connections', () => {
    const machine = { memoryBytes: 64 * gib, cores: 16, disk: 'hdd' } as const;
    expect(settings(machine, 400)).toMatchObject({
      shared_buffers: '16GB',
      maintenance_work_mem: '2GB',
      random_page_cost: '4',
      effective_io_concurrency: '2',
      work_mem: `${Math.floor((48 * 1024 * 1024) / 1200 / 2)}kB`,
      max_worker_processes: '16',
      max_parallel_workers: '16',
    });
  });

  test('stays within the machine, whatever its size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 256, max: 2 * 1024 * 1024 }),
        fc.integer({ min: 1, max: 256 }),
        fc.integer({ min: 1, max: 5_000 }),
        (mebibytes, cores, maxConnections) => {
          const memoryBytes = mebibytes * 1024 ** 2;
          const found = settings({ memoryBytes, cores, disk: 'ssd' }, maxConnections);
          const bytes = (name: string) => bytesOf(found[name] ?? '') ?? Number.NaN;
          expect(bytes('shared_buffers')).toBeLessThanOrEqual(memoryBytes / 4);
          expect(bytes('work_mem')).toBeGreaterThanOrEqual(64 * 1024);
          expect(bytes('wal_buffers')).toBeLessThanOrEqual(16 * 1024 ** 2);
          expect(bytes('maintenance_work_mem')).toBeLessThanOrEqual(2 * gib);
        },
      ),
    );
  });
});

describe('sizes', () => {
  test('are written as PostgreSQL reads them, and read back the same', () => {
    expect([4 * gib, 10_485 * 1024, 512 * 1024 ** 2].map(inPostgresUnits)).toEqual([
      '4GB',
      '10485kB',
      '512MB',
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (kibibytes) => {
        expect(bytesOf(inPostgresUnits(kibibytes * 1024))).toBe(kibibytes * 1024);
      }),
    );
  });

  test('are compared by what they mean', () => {
    expect(sameSetting('4GB', { setting: '524288', unit: '8kB' })).toBe(true);
    expect(sameSetting('1GB', { setting: '1024', unit: 'MB' })).toBe(true);
    expect(sameSetting('10485kB', { setting: '10485', unit: 'kB' })).toBe(true);
    expect(sameSetting('10485kB', { setting: '4096', unit: 'kB' })).toBe(false);
    expect(sameSetting('1.1', { setting: '1.1', unit: null })).toBe(true);
    expect(sameSetting('0.9', { setting: '0.5', unit: null })).toBe(false);
    expect(sameValue('4GB', '4096MB')).toBe(true);
    expect(sameValue('4GB', '')).toBe(false);
  });

  test('of a flag: with units, and large enough', () => {
    expect(['16GB', '16 gb', '16GiB', '1.5g', '512MB'].map((text) => memorySize.parse(text))).toEqual([
      16 * gib,
      16 * gib,
      16 * gib,
      1.5 * gib,
      gib / 2,
    ]);
    for (const text of ['16', 'much', '100MB', '-4GB', ''])
      expect(memorySize.safeParse(text).success).toBe(false);
  });
});

describe('parseDiskKind', () => {
  test('believes real disks and not virtual ones', () => {
    expect(parseDiskKind('/sys/devices/pci/nvme0n1\n0\n')).toEqual({
      device: 'nvme0n1',
      rotational: false,
      virtual: false,
    });
    expect(parseDiskKind('/sys/devices/pci/sda\n1\nATA     \n')).toEqual({
      device: 'sda',
      rotational: true,
      virtual: false,
    });
    expect(parseDiskKind('/sys/devices/virtio/vda\n1\n')).toMatchObject({ rotational: true, virtual: true });
    expect(parseDiskKind('/sys/devices/pci/sda\n1\nQEMU    \n')).toMatchObject({ virtual: true });
    expect(parseDiskKind('')).toEqual({ device: null, rotational: null, virtual: false });
  });
});

describe('workers of the API', () => {
  test.each([
    [['gunicorn', '--workers', '5', 'api:app'], 5],
    [['gunicorn', '--workers=9', 'api:app'], 9],
    [['gunicorn', '-w', '3', 'api:app'], 3],
    [['gunicorn', '-w4', 'api:app'], 4],
    [['uvicorn', 'api:app', '--workers', '2'], 2],
    [['python3', 'api_server.py'], undefined],
    [['gunicorn', '--workers', 'many'], undefined],
  ])('%j: %s', (words, workers) => {
    expect(workersFlag(words)).toBe(workers);
  });

  test('are found in what systemctl show prints', () => {
    const output = [
      'ExecStart={ path=/srv/venv/bin/gunicorn ; argv[]=/srv/venv/bin/gunicorn -c conf.py api:app ; ignore_errors=no ; start_time=[n/a] }',
      'Environment=NODE_ENV=production WEB_CONCURRENCY=7',
      'WorkingDirectory=/srv/api',
      'ControlGroup=/system.slice/tempovault-api.service',
      'MainPID=811',
    ].join('\n');
    expect(parseUnitCommand(output)).toEqual({
      words: ['/srv/venv/bin/gunicorn', '-c', 'conf.py', 'api:app'],
      environment: { NODE_ENV: 'production', WEB_CONCURRENCY: '7' },
      directory: '/srv/api',
      controlGroup: '/system.slice/tempovault-api.service',
      mainPid: 811,
    });
  });

  const python = '/usr/bin/python3';
  const main = `${python} /opt/api_server.py`;
  const spawned = `${python} -c from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5) --multiprocessing-fork`;
  const tracker = `${python} -c from multiprocessing.resource_tracker import main;main(6)`;
  /** The API's unit with these processes, the main one first; undefined: the group may not be read. */
  const workersOf = (
    processes: readonly string[] | undefined,
    { unit = main, environment = '', file }: { unit?: string; environment?: string; file?: string } = {},
  ) => {
    const output = (stdout: string, exitCode = 0, stderr = '') => ({ exitCode, stdout, stderr });
    const pids = (processes ?? []).map((_, index) => 811 + index);
    const run: Host['run'] = async ([program, ...words]) => {
      if (program === 'systemctl') {
        return output(
          `ExecStart={ path=x ; argv[]=${unit} ; ignore_errors=no }\nEnvironment=${environment}\nWorkingDirectory=/srv/api\nControlGroup=/system.slice/tempovault-api.service\nMainPID=${processes?.length === 0 ? 0 : 811}\n`,
        );
      }
      if (program === 'cat') {
        const isThere =
          processes !== undefined && words[0]?.startsWith('/sys/fs/cgroup/system.slice') === true;
        return isThere ? output(`${pids.join('\n')}\n`) : output('', 1, 'cat: No such file or directory');
      }
      if (words[1]?.includes('cmdline')) {
        const blocks = pids.map((pid, index) => {
          const argv = processes?.[index]?.split(' ').join('\n') ?? '';
          return `pid ${pid}\n${argv}\n\n0::/system.slice/tempovault-api.service\nend\n`;
        });
        return output(blocks.join(''));
      }
      return file === undefined
        ? output('', 1, 'stat: No such file or directory')
        : output('', 1, `stat: ${file}`);
    };
    return readApiWorkers({ prefix: [], run }, { unit: 'tempovault-api' });
  };

  test.each<[string, readonly string[] | undefined, number | null]>([
    ['one process', [main], 1],
    ['children of multiprocessing, beside its helper', [main, tracker, ...Array(9).fill(spawned)], 9],
    ['forks of its own', Array(6).fill(main), 5],
    ['forks that have a title', [main, 'gunicorn: worker [api]', 'gunicorn: worker [api]'], 2],
    ['a child of another kind', [main, '/usr/bin/sleep 60'], null],
    ['no control group that can be read', undefined, null],
    ['no process', [], null],
  ])(
    'of a unit that does not show them are counted, where its processes do: %s',
    async (_, processes, workers) => {
      const from = workers === null ? 'not visible in tempovault-api' : 'the processes of tempovault-api';
      expect(await workersOf(processes)).toEqual({ workers, from });
    },
  );

  test('gunicorn.conf.py may not be read → it may outrank WEB_CONCURRENCY, and its workers are counted', async () => {
    const unit = '/srv/venv/bin/gunicorn api:app';
    const given = { unit, environment: 'WEB_CONCURRENCY=7' };
    expect(await workersOf([unit], given)).toEqual({ workers: 7, from: 'WEB_CONCURRENCY of tempovault-api' });
    const hidden = { ...given, file: 'Permission denied' };
    expect(await workersOf([unit, unit, unit], hidden)).toEqual({
      ...{ workers: 2, from: 'the processes of tempovault-api' },
    });
    expect(await workersOf(undefined, hidden)).toEqual({
      ...{ workers: null, from: '/srv/api/gunicorn.conf.py may not be read by this user' },
    });
  });
});

describe('tv db tune as it was called', () => {
  test.each([
    [{}, 'tv db tune --apply'],
    [
      { memory: 16 * 1024 ** 3, cores: 4, disk: 'ssd' },
      'tv db tune --memory 16GB --cores 4 --disk ssd --apply',
    ],
    [{ memory: 1.5 * 1024 ** 3 }, 'tv db tune --memory 1536MB --apply'],
  ] as const)('%o', (input, command) => {
    expect(plainAdvice(tuneCommand(input, '--apply'))).toBe(command);
    const { memory } = input as { memory?: number };
    const size = / --memory (\S+)/.exec(command)?.[1];
    if (size !== undefined) expect(memorySize.parse(size)).toBe(memory);
  });
});
