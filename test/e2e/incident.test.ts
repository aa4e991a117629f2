import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

const obstacle = await systemdObstacle();

interface Entry {
  readonly at: string;
  readonly of: string;
  readonly what: string;
  readonly details: readonly string[];
}

interface Data {
  readonly entries: readonly Entry[];
  readonly services: readonly {
    readonly service: string;
    readonly state: string;
    readonly downMs: number;
    readonly outages: readonly { readonly reason: string; readonly to: string | null }[];
  }[];
  readonly clocks: readonly { readonly clock: string; readonly offsetMs: number | null }[];
  readonly sources: readonly { readonly source: string; readonly state: string; readonly summary: string }[];
  readonly missing: readonly { readonly source: string; readonly reason: string }[];
}

describe.skipIf(obstacle !== undefined)('tv incident, on a real chain, systemd and PostgreSQL', () => {
  let sandbox: TestSandbox;
  let since: string;
  beforeAll(async () => {
    sandbox = await startSandbox();
    since = new Date().toISOString();
  });
  afterAll(() => sandbox?.stop());

  const read = async () => {
    const { exitCode, stdout } = await sandbox.tv(['incident', '--since', since, '--json']);
    return { exitCode, ...(JSON.parse(stdout) as Data) };
  };
  const stateOf = ({ sources }: Data, name: string) => sources.find(({ source }) => source === name)?.state;

  it('one timeline: who tripped a breaker, how long the API was down, alert, refused call and note', async () => {
    await sandbox.tv(['monitor']);
    const trip = ['breaker', 'trip', '--pair', 'AlphaUSD-pathUSD', '--confirm', 'sandbox'];
    expect((await sandbox.tv(trip)).exitCode).toBe(0);

    const [earliest] = [Date.now(), await sandbox.systemctl('kill', '-s', 'KILL', 'tempovault-api')];
    await sandbox.systemctl('stop', 'tempovault-api');
    const down = Date.now();
    await sandbox.tv(['monitor']);
    expect((await sandbox.tv(['incident', 'note', 'API is down: called the provider'])).exitCode).toBe(0);
    expect((await sandbox.tv(['service', 'restart', 'indexer'])).exitCode).toBe(4);
    const up = Date.now();
    await sandbox.systemctl('start', 'tempovault-api');
    const latest = Date.now();

    const data = await read();
    expect([data.exitCode, data.missing]).toEqual([0, []]);
    const lines = data.entries.map(({ of, what }) => `${of}: ${what}`);
    const place = (line: RegExp) => {
      const index = lines.findIndex((each) => line.test(each));
      expect(index, `${line} in\n${lines.join('\n')}`).toBeGreaterThanOrEqual(0);
      return index;
    };
    const order = [
      place(/^runs: tv breaker trip started by \S+@\S+$/),
      place(/^api: down for .*killed/),
      place(/^monitor: alert service-down:api, critical: tempovault-api is (failed|inactive)/),
      place(/^notes: \S+@\S+: API is down: called the provider$/),
      place(/^calls: tv service restart refused \(exit 4\)/),
      place(/^api: up after/),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    // The sandbox writes a past into its chain, whose clock may be ahead afterwards.
    place(/^chain: circuit breaker of AlphaUSD-pathUSD tripped by 0x/);
    expect(place(/^runs: tv breaker trip ended: verified \(exit 0\)$/)).toBeGreaterThan(order[0] ?? 0);
    const times = data.entries.filter(({ of }) => of !== 'chain').map(({ at }) => at);
    expect(times).toEqual(times.toSorted());

    const api = data.services.find(({ service }) => service === 'api');
    expect([api?.state, api?.outages.length]).toEqual(['up', 1]);
    expect(api?.downMs).toBeGreaterThanOrEqual(up - down - 5);
    expect(api?.downMs).toBeLessThanOrEqual(latest - earliest + 5);
    expect(data.services.filter(({ service }) => service !== 'api').map(({ downMs }) => downMs)).toEqual([
      0, 0,
    ]);
    expect(data.clocks.map(({ clock }) => clock)).toEqual(['host', 'database', 'chain']);
    // One machine has one clock.
    for (const { offsetMs } of data.clocks.slice(0, 2)) expect(Math.abs(offsetMs ?? 9e9)).toBeLessThan(2_000);
  });

  it('a transaction of the chain is the one that the run of tv sent', async () => {
    const { entries } = await read();
    const tripped = entries.find(({ of, what }) => of === 'chain' && what.includes('tripped by'));
    const hash = /0x[0-9a-f]{64}/.exec(tripped?.details.join() ?? '')?.[0] ?? 'none';
    const { stdout } = await sandbox.tv(['trace', hash, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ run: expect.stringContaining('breaker-trip') });
  });

  it('RPC node and database away → named with their reason, the rest is there, exit 1', async () => {
    const away = [
      '--set',
      'chain.rpcUrls=http://127.0.0.1:9',
      '--set',
      'database.url=postgres://a:zoqvex@127.0.0.1:9/x',
    ];
    const { exitCode, stdout } = await sandbox.tv(['incident', '--since', since, '--json', ...away]);
    const data = JSON.parse(stdout) as Data;
    expect(exitCode).toBe(1);
    expect([stateOf(data, 'chain'), stateOf(data, 'cursor'), stateOf(data, 'journal')]).toEqual([
      ...['unread', 'partly', 'read'],
    ]);
    expect(data.missing).toContainEqual(
      expect.objectContaining({ source: 'chain', reason: expect.any(String) }),
    );
    expect(data.entries.some(({ of, what }) => of === 'api' && what.startsWith('down for'))).toBe(true);
    expect(stdout).not.toContain('zoqvex');
  });
});
