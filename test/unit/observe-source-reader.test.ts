import { describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readLogs } from '../../src/chain/readLogs.ts';
import { beginAttempt } from '../../src/errors/attempts.ts';
import { TvError, UnavailableError } from '../../src/errors/TvError.ts';
import { showUnits } from '../../src/host/showUnits.ts';
import { judge } from '../../src/observe/findings.ts';
import { shownTogether } from '../../src/observe/shownTogether.ts';
import { type Source, SourceReader } from '../../src/observe/sourceReader.ts';
import { chain as chainSource } from '../../src/observe/sources/chain.ts';
import { nodes as nodesSource } from '../../src/observe/sources/nodes.ts';
import type { Chain, CommandOutput, Context, Host } from '../../src/runbook/context.ts';
import { worldNow, worldSettings } from '../support/observedWorld.ts';
import { httpServer, rpcServer } from '../support/rpcServer.ts';

const limitMs = 20;
const never = new Promise<never>(() => {});
const source = <T>(read: Source<T>['read']): Source<T> => ({
  title: 'a source',
  read,
  describe: () => undefined,
});
const look = (ctx: Partial<Context> = {}) =>
  new SourceReader({ settings: { monitor: { limitMs } }, ...ctx } as unknown as Context);

describe('a reading of the sources', () => {
  it('reads each source once, whoever needs it', async () => {
    let reads = 0;
    const first = source(async () => ++reads);
    const second = source(async (at) => (await at.read(first)) + 10);
    const at = look();
    expect(await Promise.all([at.read(second), at.read(first), at.read(second)])).toEqual([11, 1, 11]);
    expect(reads).toBe(1);
  });

  it('a source that hangs is unknown, and no other waits for it', async () => {
    const at = look();
    const quick = at.reading(source(async () => 'here'));
    const slow = at.reading(source(() => never));
    expect(await quick).toEqual({ known: true, value: 'here' });
    expect(await slow).toMatchObject({ known: false, away: false, reason: 'no answer within 0.02 s' });
  });

  it('a source that waits for one that hangs fails with the failure of that one', async () => {
    const hanging = source(() => never);
    const waiting = source((at) => at.read(hanging));
    const at = look();
    // The one that waits is asked first.
    const [second, first] = await Promise.all([at.reading(waiting), at.reading(hanging)]);
    if (first.known || second.known) throw new Error('both hang');
    expect(second.cause).toBe(first.cause);
  });

  it.each([
    [
      'that certainly does not answer',
      new UnavailableError('chain.node-unreachable', 'Refused.', { facts: { node: 'http://a' } }),
      true,
      'Refused (http://a)',
    ],
    [
      'that answers nonsense',
      new TvError('chain.malformed-answer', 'Not understood.', { facts: { reason: 'HTML' } }),
      false,
      'Not understood (HTML)',
    ],
  ])('a source %s', async (_, error, isAway, reason) => {
    expect(await look().reading(source(() => Promise.reject(error)))).toMatchObject({
      known: false,
      away: isAway,
      reason,
      cause: error,
    });
  });

  it('a bug is thrown', async () => {
    await expect(look().reading(source(() => Promise.reject(new Error('bug'))))).rejects.toThrow('bug');
  });

  it('the same command of the host is run once; one with input each time', async () => {
    const ran: string[] = [];
    const run = async (words: readonly string[]): Promise<CommandOutput> => {
      ran.push(words.join(' '));
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    const { ctx } = look({ host: () => ({ prefix: [], run }) });
    await Promise.all([ctx.host().run(['ps']), ctx.host().run(['ps']), ctx.host().run(['df'])]);
    await ctx.host().run(['cat'], { input: 'a' });
    await ctx.host().run(['cat'], { input: 'a' });
    expect(ran).toEqual(['ps', 'df', 'cat', 'cat']);
  });
});

/** A node that refuses every request by its rate limit, and asks for a wait that tv is ready for. */
const limitedNode = () =>
  httpServer((response) => {
    response.writeHead(429, { 'retry-after': '3' }).end('slow down');
  });
const chainOf = (...rpcUrls: readonly string[]): Chain =>
  connectChain({
    rpcUrls,
    id: 4217,
    timeoutMs: 5_000,
    contracts: {
      governanceRoles: undefined,
      riskController: undefined,
      treasuryVault: undefined,
      dexStrategy: undefined,
    },
  });
const lookAt = (chain: Chain) =>
  look({ chain: () => chain, settings: { monitor: { limitMs: 300 } } as Context['settings'] });
const limit = 'The RPC node refuses more requests for now: a rate limit';

describe('what asks systemd for units at once', () => {
  const ask = (host: Host, unit: string, property: string) =>
    showUnits(host, { units: [unit], properties: ['Id', property], next: 'look' });
  const block = (unit: string) => `Id=${unit}\nResult=${unit}-success\nActiveState=${unit}-active\n`;

  it('runs one command, and each gets its own units', async () => {
    const ran: string[] = [];
    const host = hostOf((command) => {
      ran.push(command.join(' '));
      return { exitCode: 0, stdout: `${block('a')}\n${block('b')}`, stderr: '' };
    });
    const [[a], [b]] = await Promise.all([ask(host, 'a', 'Result'), ask(host, 'b', 'ActiveState')]);
    expect(ran).toEqual(['systemctl show --no-pager --property=Id,Result,ActiveState a b']);
    expect([a?.get('Result'), b?.get('ActiveState')]).toEqual(['a-success', 'b-active']);
  });

  it('one of them is refused → each is asked for by itself', async () => {
    const host = hostOf((command) =>
      command.includes('bad')
        ? { exitCode: 1, stdout: '', stderr: 'Failed to get properties' }
        : { exitCode: 0, stdout: block('a'), stderr: '' },
    );
    const asked = [ask(host, 'a', 'Result'), ask(host, 'bad', 'Result')];
    const [well, refused] = await Promise.allSettled(asked);
    expect(well).toMatchObject({ status: 'fulfilled' });
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'host.systemd-silent' } });
  });

  it.each([1, 2])(
    'the host throws before it runs anything, %d asked → all fail, none waits',
    async (many) => {
      const run = () => {
        throw new Error('not a promise');
      };
      const show = shownTogether({ prefix: [], run });
      const command = ['systemctl', 'show', '--no-pager', '--property=Id', 'a'];
      const found = await Promise.allSettled(Array.from({ length: many }, () => show(command)));
      expect(found.map(({ status }) => status)).toEqual(Array.from({ length: many }, () => 'rejected'));
    },
  );
});

/** The host of a source reader, over one that answers like this. */
function hostOf(run: (command: readonly string[]) => CommandOutput): Host {
  return look({ host: () => ({ prefix: [], run: async (command) => run(command) }) }).ctx.host();
}

describe('a source that is still trying again at its limit', () => {
  it.each<[string, (chain: Chain) => Source<unknown>]>([
    ['the head of the chain', () => chainSource],
    ['a call', (chain) => source(() => chain.client.request({ method: 'eth_blockNumber' }))],
    [
      'logs',
      (chain) =>
        source(async () => {
          const all = readLogs(chain, { fromBlock: 0, toBlock: 9, addresses: [`0x${'1'.repeat(40)}`] });
          return all.next();
        }),
    ],
    [
      'what waits for another one that a rate limit holds up',
      (chain) => source((at) => Promise.all([at.read(chainSource), readHead(chain)])),
    ],
  ])('%s → the rate limit, not a silence', async (_, made) => {
    await using node = await limitedNode();
    const chain = chainOf(node.url);
    const reading = await lookAt(chain).reading(made(chain));
    expect(reading).toMatchObject({
      known: false,
      away: false,
      reason: `no answer within 0.3 s. ${limit} (${node.url})`,
      facts: { node: node.url, status: 'HTTP 429', 'asks to wait': '3 s' },
    });
    expect(reading).toHaveProperty('next.0', expect.stringContaining('wait 3 s'));
  });

  it('RPC nodes: the one with the limit by itself, and the rest as it is', async () => {
    await using limited = await limitedNode();
    await using well = await rpcServer(({ method }) => (method === 'eth_chainId' ? '0x1079' : '0x10'));
    const reading = await lookAt(chainOf(limited.url, well.url)).reading(nodesSource);
    if (!reading.known) throw new Error(reading.reason);
    expect(reading.value.map(({ url, head, error }) => [url, head, error?.message])).toEqual([
      [limited.url, undefined, `${limit}.`],
      [well.url, 16, undefined],
    ]);
    const world = { nodes: reading };
    const { findings } = judge({ world, settings: worldSettings, now: worldNow });
    expect(findings.map(({ id, evidence }) => [id, evidence])).toEqual([
      [`rpc-node-away:${limited.url}`, { reason: `${limit}.` }],
    ]);
  });

  it('RPC nodes: one that is silent beside one that answers', async () => {
    await using silent = await httpServer(() => {});
    await using well = await rpcServer(({ method }) => (method === 'eth_chainId' ? '0x1079' : '0x10'));
    const reading = await lookAt(chainOf(silent.url, well.url)).reading(nodesSource);
    if (!reading.known) throw new Error(reading.reason);
    expect(reading.value.map(({ url, head, error }) => [url, head, error?.message])).toEqual([
      [silent.url, undefined, 'The RPC node did not answer in time.'],
      [well.url, 16, undefined],
    ]);
  });

  it('RPC nodes: silence of all is known of each, and is no error of any', async () => {
    await using first = await httpServer(() => {});
    await using second = await httpServer(() => {});
    const silent = { id: undefined, head: undefined, error: { code: 'chain.node-timeout' } };
    expect(await lookAt(chainOf(first.url, second.url)).reading(nodesSource)).toMatchObject({
      known: true,
      value: [
        { url: first.url, ...silent },
        { url: second.url, ...silent },
      ],
    });
  });

  it('a failure of another source is not its own', async () => {
    await using node = await limitedNode();
    const at = lookAt(chainOf(node.url));
    const [limited, hanging] = await Promise.all([at.reading(chainSource), at.reading(source(() => never))]);
    expect(limited).toHaveProperty('reason', expect.stringContaining('rate limit'));
    expect(hanging).toHaveProperty('reason', 'no answer within 0.3 s');
  });

  it('a failure that is over explains nothing', async () => {
    const over = source(() => {
      const attempt = beginAttempt();
      attempt.failed(new UnavailableError('chain.node-unreachable', 'Refused.'));
      attempt.ended();
      return never;
    });
    expect(await look().reading(over)).toHaveProperty('reason', 'no answer within 0.02 s');
  });

  it('the last failure is reported', async () => {
    const twice = source(() => {
      const [first, second] = [beginAttempt(), beginAttempt()];
      first.failed(new UnavailableError('chain.node-unreachable', 'First.'));
      second.failed(new UnavailableError('chain.node-unreachable', 'Second.'));
      first.failed(new UnavailableError('chain.node-unreachable', 'Third.'));
      return never;
    });
    expect(await look().reading(twice)).toHaveProperty('reason', 'no answer within 0.02 s. Third');
  });
});
