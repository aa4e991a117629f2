import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { detectSystemd } from '../../src/host/detectSystemd.ts';
import { readJournalStart, streamJournal } from '../../src/host/journal/streamJournal.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readJournal } from '../../src/host/readJournal.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { readUnits } from '../../src/host/readUnits.ts';
import { restartUnit } from '../../src/host/restartUnit.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import type { Host } from '../../src/runbook/context.ts';
import { endMachine } from '../../src/sandbox/machine/endMachine.ts';
import { startMachine } from '../../src/sandbox/machine/startMachine.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';

const obstacle = await systemdObstacle();
const suite =
  obstacle === undefined ? 'units on a real systemd' : `units on a real systemd: not here, ${obstacle}`;

describe.skipIf(obstacle !== undefined)(suite, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tv-host-systemd-'));
  const paths = sandboxPaths(directory);
  const script = join(directory, 'event_indexer.js');
  let host: Host;

  beforeAll(async () => {
    mkdirSync(paths.units);
    writeFileSync(script, 'console.log("secret of the", process.argv[2]); setInterval(() => {}, 60_000);');
    unit(
      'steady',
      `ExecStart=${process.execPath} ${script} --password=hunter2\nRestart=always\nRestartSec=100ms`,
    );
    unit('crashing', `ExecStart=/bin/sh -c 'echo no settings; exit 3'`);
    unit(
      'stubborn',
      `ExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 0.05; done'\nTimeoutStopSec=500ms`,
    );
    unit('slow', `ExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 0.05; done'\nTimeoutStopSec=30s`);
    const machine = await startMachine(paths, { postgresBin: '/usr/bin', tools: [] });
    host = connectHost({ prefix: machine.prefix, timeoutMs: 10_000 });
  });

  afterAll(async () => {
    await endMachine(paths);
    rmSync(directory, { recursive: true, force: true });
  });

  function unit(name: string, service: string) {
    writeFileSync(join(paths.units, `${name}.service`), `[Service]\n${service}\n`);
  }

  async function journalOf(name: string) {
    await host.run(['journalctl', '--sync']);
    return readJournal(host, { unit: name, lines: 50 });
  }

  it('finds systemd', async () => {
    expect((await detectSystemd(host)).available).toBe(true);
  });

  it('starts, reads, restarts and stops a service', async () => {
    const before = Date.now();
    const started = await startUnit(host, { unit: 'steady' });
    expect(started).toMatchObject({
      unit: 'steady.service',
      loadState: 'loaded',
      activeState: 'active',
      subState: 'running',
      result: 'success',
      restarts: 0,
    });
    expect(started.mainPid).toBeGreaterThan(1);
    // systemd prints whole seconds.
    expect(started.since?.getTime()).toBeGreaterThan(before - 1_000);
    expect(started.since?.getTime()).toBeLessThanOrEqual(Date.now());

    const restarted = await restartUnit(host, { unit: 'steady' });
    expect(restarted.mainPid).not.toBe(started.mainPid);

    const stopped = await stopUnit(host, { unit: 'steady' });
    expect(stopped).toMatchObject({ activeState: 'inactive', mainPid: 0, result: 'success' });
    expect(await stopUnit(host, { unit: 'steady' })).toMatchObject({ activeState: 'inactive' });
  });

  it('counts automatic restarts, and finds the process with its unit but without its arguments', async () => {
    const started = await startUnit(host, { unit: 'steady' });
    const [found, ...others] = await listProcesses(host, { program: 'event_indexer' });
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      pid: started.mainPid,
      user: 'root',
      command: `${process.execPath} ${script}`,
      stopped: false,
      unit: 'steady.service',
    });

    await host.run(['kill', '-KILL', String(started.mainPid)]);
    await expect.poll(async () => (await readUnit(host, { unit: 'steady' })).restarts).toBe(1);
    await stopUnit(host, { unit: 'steady' });
    expect(await listProcesses(host, { program: 'event_indexer' })).toEqual([]);
  });

  it('reads several units at once, in the order asked for', async () => {
    const units = await readUnits(host, { units: ['steady', 'never-installed', 'crashing.service'] });
    expect(units.map(({ unit, loadState }) => [unit, loadState])).toEqual([
      ['steady.service', 'loaded'],
      ['never-installed.service', 'not-found'],
      ['crashing.service', 'loaded'],
    ]);
  });

  it('does not take a service for started that ends at once', async () => {
    await expect(startUnit(host, { unit: 'crashing' })).rejects.toMatchObject({
      message: 'crashing did not start.',
      facts: { state: 'failed (failed)', result: 'exit-code' },
      next: [
        { shell: expect.stringContaining('journalctl -u crashing.service'), on: 'host' },
        expect.anything(),
      ],
    });
    const { entries } = await journalOf('crashing');
    expect(entries.map(({ message }) => message)).toContain('no settings');
  });

  it('says why an unknown unit does not start', async () => {
    await expect(startUnit(host, { unit: 'never-installed' })).rejects.toMatchObject({
      facts: { loaded: 'not-found', systemd: expect.stringContaining('not found') },
    });
    await expect(stopUnit(host, { unit: 'never-installed' })).rejects.toMatchObject({
      facts: { loaded: 'not-found' },
    });
  });

  it('takes a service that systemd had to kill for stopped', async () => {
    await startUnit(host, { unit: 'stubborn' });
    expect(await stopUnit(host, { unit: 'stubborn' })).toMatchObject({
      activeState: 'failed',
      result: 'timeout',
      mainPid: 0,
    });
  });

  it('says that a service does not stop within the limit', async () => {
    const { mainPid } = await startUnit(host, { unit: 'slow' });
    await expect(stopUnit(host, { unit: 'slow', timeoutMs: 300 })).rejects.toMatchObject({
      message: 'slow did not stop.',
      facts: { state: expect.stringContaining('deactivating'), systemd: expect.stringContaining('0.3 s') },
    });
    await host.run(['kill', '-KILL', String(mainPid)]);
  });

  it('reads the journal, with times, and follows it', async () => {
    const before = new Date();
    await startUnit(host, { unit: 'steady' });
    await expect
      .poll(async () => (await journalOf('steady')).entries.map(({ message }) => message))
      .toContain('secret of the --password=hunter2');
    const journal = await readJournal(host, { unit: 'steady', lines: 100, since: before });
    expect(journal.available).toBe(true);
    // `since` counts in whole seconds.
    for (const { at } of journal.entries) expect(at.getTime()).toBeGreaterThan(before.getTime() - 1_000);

    const reader = new AbortController();
    const following = streamJournal(host, {
      ...{ units: ['steady'], lines: 0, follow: true, signal: reader.signal },
    });
    const restarts = (async () => {
      while (!reader.signal.aborted) await restartUnit(host, { unit: 'steady' });
    })();
    const units = new Set<string>();
    for await (const { unit, message } of following) {
      units.add(unit);
      if (message === 'secret of the --password=hunter2') break;
    }
    reader.abort();
    await restarts;
    // Those of the service itself, and those of systemd about it.
    expect(units).toEqual(new Set(['steady']));
    await expect
      .poll(async () => (await host.run(['sh', '-c', 'ps -e -o comm= | grep -c journalctl'])).stdout.trim())
      .toBe('0');
  });

  it('streams several units in the order of time, and continues after a cursor', async () => {
    const { signal } = new AbortController();
    await restartUnit(host, { unit: 'steady' });
    await startUnit(host, { unit: 'crashing' }).catch(() => {});
    await host.run(['journalctl', '--sync']);
    const all = await collect(streamJournal(host, { units: ['steady', 'crashing.service'], signal }));
    expect(new Set(all.map(({ unit }) => unit))).toEqual(new Set(['steady', 'crashing.service']));
    expect(all.map(({ at }) => at.getTime())).toEqual(
      all.map(({ at }) => at.getTime()).toSorted((a, b) => a - b),
    );
    const [middle] = all.slice(-3);
    const rest = streamJournal(host, { units: ['steady', 'crashing'], afterCursor: middle?.cursor, signal });
    expect((await collect(rest)).map(({ cursor }) => cursor)).toEqual(
      all.slice(-2).map(({ cursor }) => cursor),
    );
    const begin = all[2]?.at;
    const between = streamJournal(host, {
      units: ['steady', 'crashing'],
      since: begin,
      until: middle?.at,
      signal,
    });
    const inside = await collect(between);
    expect([inside[0]?.at, inside.at(-1)?.at]).toEqual([begin, middle?.at]);
    // The journal of the whole machine begins before that of its units.
    expect((await readJournalStart(host, { signal }))?.getTime()).toBeLessThanOrEqual(
      all[0]?.at.getTime() ?? 0,
    );
    const named = streamJournal(host, { units: ['steady'], containing: 'SECRET', signal });
    for await (const { message } of named) expect(message).toContain('secret');
    const none = streamJournal(host, { units: ['steady'], containing: 'nosuchword', signal });
    expect(await collect(none)).toEqual([]);
  });

  it('a journal without a line of the unit → nothing to judge by, which is not "no errors"', async () => {
    expect(await readJournal(host, { unit: 'never-installed', lines: 5 })).toEqual({
      available: false,
      reason: 'no journal lines of never-installed',
      entries: [],
    });
  });

  it('searches the journal for a text, newest last, and knows "no such line"', async () => {
    const found = await readJournal(host, { unit: 'steady', lines: 3, containing: 'secret of' });
    expect(found.available).toBe(true);
    expect(new Set(found.entries.map(({ message }) => message))).toEqual(
      new Set(['secret of the --password=hunter2']),
    );
    const times = found.entries.map(({ at }) => at.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(await readJournal(host, { unit: 'steady', lines: 3, containing: 'no such words' })).toEqual({
      available: true,
      reason: undefined,
      entries: [],
    });
  });

  it('says that the sandbox is not running once it has exited', async () => {
    await endMachine(paths);
    await expect(readUnit(host, { unit: 'steady' })).rejects.toThrow(
      'The sandbox is not running, or may not be entered by this user.',
    );
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('a host without systemd', () => {
  const nowhere = mkdtempSync(join(tmpdir(), 'tv-host-nosystemd-'));
  const host = connectHost({ prefix: ['env', `PATH=${nowhere}`], timeoutMs: 10_000 });
  afterAll(() => rmSync(nowhere, { recursive: true }));

  it('is reported as such', async () => {
    expect(await detectSystemd(host)).toEqual({
      available: false,
      reason: 'systemctl is not installed on the host.',
    });
    expect(await readJournal(host, { unit: 'steady', lines: 5 })).toMatchObject({
      available: false,
      entries: [],
    });
    await expect(readUnit(host, { unit: 'steady' })).rejects.toThrow(UnavailableError);
  });
});
