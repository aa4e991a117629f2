import { keccak256, toHex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventRow } from '../../src/chain/compareContents.ts';
import { compareEvents } from '../../src/chain/compareEvents.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { indexedEvents } from '../../src/chain/events.ts';
import { probeHistory } from '../../src/chain/probeHistory.ts';
import { readChainId } from '../../src/chain/readChainId.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { type ChainLog, readLogs } from '../../src/chain/readLogs.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import type { Address } from '../../src/config/settings.ts';
import type { Progress } from '../../src/runbook/events.ts';
import {
  type AnvilNode,
  anvilNode,
  devAccount,
  loggerCode,
  noCode,
  revertCode,
  send,
  yesCode,
} from '../support/anvilNode.ts';
import { callRpc, httpServer, type RpcCall, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const governanceRoles: Address = `0x${'a1'.repeat(20)}`;
const riskController: Address = `0x${'a2'.repeat(20)}`;
const treasuryVault: Address = `0x${'a3'.repeat(20)}`;
const contracts = { governanceRoles, riskController, treasuryVault, dexStrategy: undefined };
const connect = (url: string) => connectChain({ rpcUrls: [url], id: 31337, timeoutMs: 5_000, contracts });

const topicOf = (name: string) => indexedEvents.find((event) => event.name === name)?.topic ?? '0x';
const otherTopic = keccak256(toHex('GlobalPauseToggled(bool,address)'));

async function collect(logs: AsyncIterable<ChainLog>): Promise<ChainLog[]> {
  const all: ChainLog[] = [];
  for await (const log of logs) all.push(log);
  return all;
}

describe.each(['tempo', 'ethereum'] as const)('on anvil, network %s', (network) => {
  let node: AnvilNode;
  const sent: { block: number; hash: string; count: number }[] = [];
  let head = 0;

  beforeAll(async () => {
    node = await anvilNode(network);
    await node.call('anvil_setCode', [riskController, loggerCode]);
    await node.call('anvil_setCode', [treasuryVault, loggerCode]);
    const batches = [
      ['Deposited', 'OrderPlaced'],
      ['OracleSignalUpdated'],
      ['Withdrawn', 'LossRealized', 'CapitalRecalled'],
    ];
    for (let round = 0; round < 20; round++) {
      const words = [...(batches[round % 3] ?? []).map(topicOf), otherTopic];
      const { hash, block } = await send(node, round % 2 ? riskController : treasuryVault, words);
      sent.push({ block, hash, count: words.length });
      await node.call('anvil_mine', [`0x${(round * 7).toString(16)}`]);
    }
    head = Number(await node.call('eth_blockNumber'));
  });
  afterAll(() => node[Symbol.asyncDispose]());

  const directly = () =>
    collect(
      readLogs(connect(node.url), {
        fromBlock: 1,
        toBlock: head,
        addresses: [riskController, treasuryVault],
      }),
    );

  it('reads the chain id and the head', async () => {
    const chain = connect(node.url);
    expect(await readChainId(chain)).toBe(31337);
    const read = await readHead(chain);
    expect(read.number).toBe(head);
    expect(read.hash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(read.timestamp).toBeGreaterThan(1_600_000_000);
  });

  it('reads every log in order, names the events and leaves the others unnamed', async () => {
    const logs = await directly();
    expect(logs).toHaveLength(sent.reduce((sum, { count }) => sum + count, 0));
    const perTransaction = sent.map(({ hash }) => logs.filter((log) => log.transactionHash === hash));
    expect(perTransaction.map((group) => group.length)).toEqual(sent.map(({ count }) => count));
    expect(logs.map(({ block }) => block)).toEqual(
      sent.flatMap(({ block, count }) => Array(count).fill(block)),
    );
    expect(perTransaction[0]?.map(({ event }) => event)).toEqual(['Deposited', 'OrderPlaced', undefined]);
    expect(perTransaction[0]?.[2]?.topic).toBe(otherTopic);
    expect(new Set(logs.map(({ address }) => address))).toEqual(new Set([riskController, treasuryVault]));
  });

  it('keeps to the range and to the addresses, and reports blocks', async () => {
    const fromBlock = sent[5]?.block ?? 0;
    const toBlock = sent[10]?.block ?? 0;
    const progress: Progress[] = [];
    const onProgress = (one: Progress) => progress.push(one);
    const logs = await collect(
      readLogs(connect(node.url), { fromBlock, toBlock, addresses: [riskController], onProgress }),
    );
    expect(new Set(logs.map(({ transactionHash }) => transactionHash))).toEqual(
      new Set([5, 7, 9].map((index) => sent[index]?.hash)),
    );
    const total = toBlock - fromBlock + 1;
    expect(progress.at(-1)).toEqual({ done: total, total, unit: 'blocks' });
    expect(
      await collect(readLogs(connect(node.url), { fromBlock: 9, toBlock: 8, addresses: [riskController] })),
    ).toEqual([]);
    const all = readLogs(connect(node.url), { fromBlock: 0, toBlock: 1, addresses: [] });
    await expect(all.next()).rejects.toMatchObject({ code: 'config.setting-missing' });
  });

  it.each([
    ['blocks', (width: number) => width > 37, 'query exceeds max block range 37'],
    ['results', (_: number, found: number) => found > 6, 'query returned more than 6 results'],
  ] as const)('adapts to a limit on %s', async (_, tooMuch, words) => {
    const widths: number[] = [];
    await using limited = await rpcServer(async ({ method, params }: RpcCall) => {
      const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
      const width = Number(toBlock) - Number(fromBlock) + 1;
      widths.push(width);
      const found = (await callRpc(node.url, method, params)) as unknown[];
      if (tooMuch(width, found.length)) throw new RpcRefusal(-32005, words);
      return found;
    });
    const addresses = [riskController, treasuryVault];
    const logs = await collect(readLogs(connect(limited.url), { fromBlock: 1, toBlock: head, addresses }));
    expect(logs).toEqual(await directly());
    expect(widths.length).toBeLessThan(head / 5);
  });

  it('gets through passing trouble, and gives up on lasting trouble', async () => {
    await using shaky = await httpServer(async (response, body) => {
      const trouble = shaky.requests % 4;
      if (trouble === 1) response.writeHead(429, { 'retry-after': '0' }).end();
      else if (trouble === 2) response.writeHead(503, { 'retry-after': '0' }).end('busy');
      else if (trouble === 3) response.destroy();
      else
        response.end(
          await (
            await fetch(node.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
          ).text(),
        );
    });
    const parameters = { fromBlock: 1, toBlock: head, addresses: [riskController, treasuryVault] };
    expect(await collect(readLogs(connect(shaky.url), parameters))).toEqual(await directly());

    await using busy = await httpServer((response) => {
      response.writeHead(429, { 'retry-after': '0' }).end();
    });
    await expect(collect(readLogs(connect(busy.url), parameters))).rejects.toThrow(
      'refuses more requests for now: a rate limit',
    );
    expect(busy.requests).toBeLessThan(30);

    await using pruned = await rpcServer(() => {
      throw new RpcRefusal(4444, 'pruned history unavailable');
    });
    await expect(collect(readLogs(connect(pruned.url), parameters))).rejects.toThrow(
      'does not have the blocks or logs',
    );
    expect(pruned.requests).toBe(1);
  });

  it('stops reading at an abort', async () => {
    const controller = new AbortController();
    const logs = readLogs(connect(node.url), {
      fromBlock: 1,
      toBlock: head,
      addresses: [riskController],
      signal: controller.signal,
    });
    await using busy = await httpServer((response) => {
      response.writeHead(429, { 'retry-after': '20' }).end();
      controller.abort(new Error('enough'));
    });
    await logs.next();
    const waiting = readLogs(connect(busy.url), {
      fromBlock: 1,
      toBlock: head,
      addresses: [riskController],
      signal: controller.signal,
    });
    await expect(waiting.next()).rejects.toThrow('enough');
  });

  it('compares with the database by what the indexer keeps', async () => {
    const kept = (await directly()).filter((log) => log.event !== undefined);
    const rows: EventRow[] = kept.map((log) => ({ ...log, table: 'events' }));
    const lost = rows.splice(4, 1)[0];
    const { matched, missing, unlisted, unkept } = await compareEvents({
      chain: readLogs(connect(node.url), {
        fromBlock: 1,
        toBlock: head,
        addresses: [riskController, treasuryVault],
      }),
      database: (async function* () {
        yield* rows;
      })(),
      keeps: (log) => log.event !== undefined,
    });
    expect(matched).toBe(rows.length);
    expect(unkept).toMatchObject([{ logs: { total: sent.length } }]);
    expect(missing).toMatchObject({ total: 1, first: [{ transactionHash: lost?.transactionHash }] });
    expect(unlisted.total).toBe(0);
  });

  describe('history', () => {
    /** A node in front of anvil that lost everything below a block, in one of the ways in which nodes do. */
    const prunedNode = (below: number, way: 'null' | 'error' | 'silent') =>
      rpcServer(async ({ method, params }) => {
        const first = params[0];
        const from =
          method === 'eth_getLogs'
            ? Number((first as { fromBlock: string }).fromBlock)
            : first === 'latest'
              ? head
              : Number(first);
        if (method === 'eth_getBlockByNumber' && from < below) {
          if (way === 'null') return null;
          if (way === 'error') throw new RpcRefusal(4444, 'pruned history unavailable');
        }
        if (method === 'eth_getLogs' && from < below) {
          if (way === 'error') throw new RpcRefusal(4444, 'pruned history unavailable');
          return [];
        }
        return callRpc(node.url, method, params);
      });

    it('is served by a whole node, from the first block on', async () => {
      expect(await probeHistory(connect(node.url), { block: 0 })).toEqual({ served: true, head });
      expect(await probeHistory(connect(node.url), { block: head })).toEqual({ served: true, head });
    });

    it('ends at the head', async () => {
      expect(await probeHistory(connect(node.url), { block: head + 1 })).toEqual({
        served: false,
        head,
        reason: 'it is above the head',
      });
    });

    it.each([
      ['null', 'the node does not have the block'],
      ['error', 'pruned history unavailable'],
    ] as const)('is gone below a block (%s): says from where on it is there', async (way, reason) => {
      const firstServed = Math.floor(head / 3);
      await using pruned = await prunedNode(firstServed, way);
      expect(await probeHistory(connect(pruned.url), { block: 2 })).toEqual({
        served: false,
        head,
        reason,
        firstServed,
      });
      // Three requests for each of at most 13 blocks: logs never share one.
      expect(pruned.requests).toBeLessThan(40);
      expect(await probeHistory(connect(pruned.url), { block: firstServed })).toEqual({ served: true, head });
    });

    it('is gone silently: the bloom filter of the block says that there were logs', async () => {
      await using pruned = await prunedNode(head, 'silent');
      const { served, reason } = await probeHistory(connect(pruned.url), { block: sent[3]?.block ?? 0 });
      expect({ served, reason }).toEqual({
        served: false,
        reason: 'the block has logs, and the node returns none of them',
      });
    });

    it('has a time limit for the search', async () => {
      await using pruned = await prunedNode(Math.floor(head / 3), 'null');
      expect(await probeHistory(connect(pruned.url), { block: 2, limitMs: -1 })).toEqual({
        served: false,
        head,
        reason: 'the node does not have the block',
      });
    });
  });
});

describe('the protocol', () => {
  let node: AnvilNode;
  beforeAll(async () => {
    node = await anvilNode('ethereum');
  });
  afterAll(() => node[Symbol.asyncDispose]());
  const setCode = (address: string, code: string) => node.call('anvil_setCode', [address, code]);

  it('knows the EIP-1967 slot and the selector of paused() from their definitions', async () => {
    const slot = BigInt(keccak256(toHex('eip1967.proxy.implementation'))) - 1n;
    await setCode(governanceRoles, noCode);
    await node.call('anvil_setStorageAt', [
      governanceRoles,
      toHex(slot, { size: 32 }),
      `0x${devAccount.slice(2).padStart(64, '0')}`,
    ]);
    await setCode(riskController, pausedOnly);
    const { contracts: found, paused } = await readProtocol(connect(node.url));
    expect(found.governanceRoles).toEqual({
      address: governanceRoles,
      hasCode: true,
      implementation: devAccount,
    });
    expect(found.dexStrategy).toEqual({ address: undefined, hasCode: false, implementation: undefined });
    expect(paused).toBe(true);
  });

  it.each([
    ['as deployed, running', noCode, revertCode, false, 'riskController'],
    ['as deployed, paused', yesCode, revertCode, true, 'riskController'],
    ['as the runbook has it, running', revertCode, noCode, false, 'treasuryVault'],
    ['as the runbook has it, paused', revertCode, yesCode, true, 'treasuryVault'],
    ['not there at all', '0x', '0x', undefined, undefined],
  ] as const)('%s', async (_, risk, vault, paused, pausedBy) => {
    await setCode(riskController, risk);
    await setCode(treasuryVault, vault);
    const protocol = await readProtocol(connect(node.url));
    expect({ paused: protocol.paused, by: protocol.pausedBy }).toEqual({ paused, by: pausedBy });
    expect(protocol.contracts.treasuryVault.hasCode).toBe(vault !== '0x');
  });
});

/** Answers true to paused(), reverts on everything else. */
const pausedOnly = `0x60003560e01c63${keccak256(toHex('paused()')).slice(2, 10)}14601357600080fd5b600160005260206000f3`;
