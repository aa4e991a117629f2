import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFunctionData, parseAbi } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import recover from '../../runbooks/oracle/recover.ts';
import revokeOld from '../../runbooks/oracle/revoke-old.ts';
import type { RotateFacts } from '../../runbooks/oracle/rotate-key.preflight.ts';
import rotateKey, { authorise as authoriseStep } from '../../runbooks/oracle/rotate-key.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { readAuthority } from '../../src/chain/oracle/readAuthority.ts';
import type { Address } from '../../src/config/settings.ts';
import { TvError } from '../../src/errors/TvError.ts';
import type { Chain, Host } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import type { Deployment } from '../../src/sandbox/chain/deployment.ts';
import { deployProtocol } from '../../src/sandbox/chain/deployProtocol.ts';
import { devAccount, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { type AnvilNode, anvilNode } from '../support/anvilNode.ts';
import { DrivenClock } from '../support/fakes.ts';
import { faultyNode } from '../support/faultyNode.ts';
import { callRpc, type RpcCall, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const old = devAccount(5).address as Address;
const fresh = devAccount(9).address as Address;
const accepted = { address: fresh, nonce: '7', block: 9, seenAt: '2026-11-28T21:00:00.000Z' };
const unit = 'tempovault-oracle';

let node: AnvilNode;
let chain: Chain;
let deployment: Deployment;
let state: string;
beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'tv-verify-'));
  node = await anvilNode('ethereum', '--chain-id', '4217', '--gas-limit', '100000000');
  deployment = await deployProtocol(node.url, { network: 'plain', contracts: 'full' });
  chain = through(node.url);
});
afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  rmSync(state, { recursive: true, force: true });
});

function through(url: string): Chain {
  return connectChain({ rpcUrls: [url], id: 4217, timeoutMs: 3_000, contracts: deployment.addresses });
}

/** Gives or takes ORACLE, as the admin, whoever asks for it. */
async function hold(account: Address, yes: boolean): Promise<Json> {
  const abi = parseAbi(['function grantRole(bytes32,address)', 'function revokeRole(bytes32,address)']);
  const { roleId } = await readAuthority(chain);
  const functionName = yes ? 'grantRole' : 'revokeRole';
  const data = encodeFunctionData({ abi, functionName, args: [roleId, account] });
  const { admin } = deployment.accounts;
  const receipt = await node.call('eth_sendTransactionSync', [
    { from: admin.address, to: deployment.addresses.governanceRoles, data },
  ]);
  expect(receipt).toMatchObject({ status: '0x1' });
  const { transactionHash: hash, blockNumber } = receipt as Readonly<Record<string, string>>;
  // As a step returns what it has sent.
  return { hash: hash ?? '', block: Number(blockNumber), fee: '1 ether', from: admin.address, gasUsed: '1' };
}

interface World {
  /** Index of the dev key in `.env`; null where the file cannot be read. */
  readonly envKey: number | null;
  readonly unitState: string;
  /** What `find` lists beside `.env`, by path; undefined for one that cannot be read. */
  readonly beside: Readonly<Record<string, string | undefined>>;
  /** Whether `find` can list the folder. */
  readonly listed: boolean;
  readonly hostAway: boolean;
}

const usual: World = { envKey: 9, unitState: 'active', beside: {}, listed: true, hostAway: false };

function fakeHost(world: World): Host {
  const file = (text: string | undefined) =>
    text === undefined
      ? { exitCode: 1, stdout: '', stderr: 'Permission denied' }
      : {
          exitCode: 0,
          stdout: `640 0 0\nroot\nroot\n${Buffer.from(text).toString('base64')}\n`,
          stderr: '',
        };
  return {
    prefix: [],
    run: async ([program, ...args]) => {
      if (world.hostAway) throw new TvError('host.ssh-unreachable', 'The host did not answer.');
      const path = args.at(-1) ?? '';
      if (program === 'systemctl') {
        const lines = `Id=${unit}.service\nLoadState=loaded\nActiveState=${world.unitState}\nMainPID=7\n`;
        return { exitCode: 0, stdout: lines, stderr: '' };
      }
      if (program === 'find') {
        const stdout = Object.keys(world.beside).join('\n');
        return world.listed
          ? { exitCode: 0, stdout, stderr: '' }
          : { exitCode: 1, stdout, stderr: 'find: Permission denied' };
      }
      if (program === 'sh' && path in world.beside) return file(world.beside[path]);
      if (program === 'sh' && path === '/tv/.env') {
        return file(
          world.envKey === null ? undefined : `ORACLE_PRIVATE_KEY=${devPrivateKey(world.envKey)}\n`,
        );
      }
      return expect.fail(`${program} ${args.join(' ')} was not to be run`);
    },
  };
}

function context(world: Partial<World>, on: Chain, results: Record<string, Json>): StepContext {
  const host = fakeHost({ ...usual, ...world });
  return {
    chain: () => on,
    host: () => host,
    results,
    runId: 'run',
    settings: { environment: 'production', stateDirectory: state, host: { envFile: '/tv/.env' } },
    secrets: { keep: () => {} },
    signal: new AbortController().signal,
    clock: new DrivenClock(Date.parse(accepted.seenAt) + 60_000),
  } as unknown as StepContext;
}

type Verifiable = {
  verify(ctx: StepContext, facts: never, input: never): Promise<readonly { id: string; status: string }[]>;
};

async function statuses(runbook: Verifiable, ctx: StepContext, facts: unknown) {
  const checks = await runbook.verify(ctx, facts as never, {} as never);
  return Object.fromEntries(checks.map(({ id, status }) => [id, status]));
}

/** A node on which the registry's answers are those of another time, or none. */
function replica(answers: (asked: number) => string | undefined) {
  let asked = 0;
  const hasRole = '0x91d14854';
  return rpcServer(({ method, params = [] }: Partial<RpcCall>) => {
    const [call] = params as [{ data?: string; input?: string } | undefined];
    if (method === 'eth_call' && (call?.data ?? call?.input ?? '').startsWith(hasRole)) {
      const answer = answers(asked++);
      if (answer === undefined) throw new RpcRefusal(-32_603, 'internal error');
      return answer;
    }
    return callRpc(node.url, String(method), params);
  });
}
const yes = `0x${'1'.padStart(64, '0')}`;
const no = `0x${'0'.repeat(64)}`;

describe('tv oracle revoke-old: the verification', () => {
  const facts = { old, current: fresh, copies: [] };
  const verified = async (world: Partial<World>, on: Chain = chain, revoke: Json = null) => {
    const intents =
      revoke === null ? [] : [await resolveIntent(chain, { intent: 'revokeOracle', oracle: old })];
    return statuses(revokeOld, context(world, on, { revoke }), { ...facts, intents });
  };

  it('passes where the registry and the receipt of the revocation say so', async () => {
    await hold(old, true);
    const revoke = await hold(old, false);
    await hold(fresh, true);
    const good = { old: 'pass', new: 'pass', copies: 'pass' };
    expect(await verified({}, chain, revoke)).toEqual({ ...good, revoke: 'pass' });
    // The role was gone already: nothing was sent.
    expect(await verified({})).toEqual(good);
  });

  it.each([
    ['of a transaction with another effect', 'healthy', 'warn'],
    ['without a status', 'statusnone', 'block'],
    ['that no node has', 'lagreceipt', 'block'],
  ] as const)('a receipt %s: revoke is %s', async (_, mode, status) => {
    await using faulty = await faultyNode(node.url, mode, { lagMs: 600_000 });
    const sent = await hold(fresh, mode === 'healthy');
    const own = mode === 'healthy' ? sent : await hold(old, false);
    await hold(fresh, true);
    expect(await verified({}, through(faulty.url), own)).toMatchObject({ revoke: status, old: 'pass' });
  });

  it('effect missing', async () => {
    await hold(old, true);
    expect(await verified({})).toMatchObject({ old: 'block', new: 'pass' });
    await hold(old, false);
  });

  it('effect of another: the new key was revoked as well', async () => {
    await hold(fresh, false);
    expect(await verified({})).toMatchObject({ old: 'pass', new: 'block' });
    await hold(fresh, true);
  });

  it('effect seen late: waits for the replica', async () => {
    let first = true;
    await using late = await replica(() => {
      // The old key's role is asked for first, and again once it is expected to be gone.
      if (!first) return no;
      first = false;
      return yes;
    });
    expect(await verified({}, through(late.url))).toMatchObject({ old: 'pass' });
  });

  it('source away: nothing is verified', async () => {
    await using away = await replica(() => undefined);
    expect(await verified({}, through(away.url))).toMatchObject({ old: 'block' });
    expect(await verified({ hostAway: true })).toMatchObject({ old: 'pass', copies: 'block' });
  });

  it.each([
    ['a copy is left', { beside: { '/tv/.env.bak': `#${devPrivateKey(5)}\n` } }, 'block'],
    ['a file cannot be read', { beside: { '/tv/.env.bak': undefined } }, 'warn'],
    ['the folder cannot be listed', { listed: false }, 'warn'],
  ] as const)('%s', async (_, world, status) => {
    expect(await verified(world)).toMatchObject({ copies: status });
  });
});

describe('tv oracle rotate-key: the verification', () => {
  const facts = { oldAddress: old, unit, form: 'role', compromised: false, keystoreOut: null };
  let authorise: Json;
  let cut: Json;
  beforeAll(async () => {
    await hold(fresh, false);
    authorise = await hold(fresh, true);
    await hold(old, true);
    cut = await hold(old, false);
  });
  const verified = (
    world: Partial<World>,
    on: Chain = chain,
    more: object = {},
    results: Record<string, Json> = {},
  ) =>
    statuses(rotateKey, context(world, on, { accept: accepted, authorise, ...results }), {
      ...facts,
      ...more,
    });
  const good = {
    grant: 'pass',
    signal: 'pass',
    window: 'pass',
    service: 'pass',
    key: 'pass',
    old: 'pass',
    copies: 'pass',
  };

  it('a compromised key: passes where the receipts of both transactions say so', async () => {
    expect(await verified({}, chain, { compromised: true }, { cut })).toEqual({ ...good, revoke: 'pass' });
  });

  it.each([
    ['of nothing that was sent', 'healthy', () => ({ authorise: null, cut: null }), 'warn'],
    ['of transactions with another effect', 'healthy', () => ({ authorise: cut, cut: authorise }), 'warn'],
    ['without a status', 'statusnone', () => ({ cut }), 'block'],
    ['that no node has', 'lagreceipt', () => ({ cut }), 'block'],
  ] as const)('receipts %s, whatever the state is', async (_, mode, results, status) => {
    await using faulty = await faultyNode(node.url, mode, { lagMs: 600_000 });
    const found = await verified({}, through(faulty.url), { compromised: true }, results());
    expect(found).toMatchObject({ grant: status, revoke: status, signal: 'pass', old: 'pass' });
  });

  it('passes where the new key works and is in .env alone', async () => {
    expect(await verified({})).toEqual(good);
  });

  it.each([
    ['.env holds another key', { envKey: 5 }, { key: 'block' }],
    ['.env cannot be read', { envKey: null }, { key: 'block' }],
    ['the relay does not run', { unitState: 'failed' }, { service: 'block' }],
    ['the host is away', { hostAway: true }, { service: 'block', key: 'block', copies: 'block' }],
    ['a copy of the old key is left', { beside: { '/tv/.env~': devPrivateKey(5) } }, { copies: 'warn' }],
  ] as const)('%s', async (_, world, expected) => {
    expect(await verified(world)).toEqual({ ...good, ...expected });
  });

  it('effect missing: the new key is not authorised (any more)', async () => {
    await hold(fresh, false);
    expect(await verified({})).toMatchObject({ grant: 'pass', signal: 'block' });
    await hold(fresh, true);
  });

  it('a compromised key that still may sign is no success; another one is due a day later', async () => {
    await hold(old, true);
    expect(await verified({})).toMatchObject({ old: 'warn' });
    expect(await verified({}, chain, { compromised: true }, { cut })).toMatchObject({
      revoke: 'pass',
      old: 'block',
    });
    await hold(old, false);
  });

  it('source away: nothing is verified', async () => {
    await using away = await replica(() => undefined);
    expect(await verified({}, through(away.url))).toMatchObject({ old: 'block' });
    const nobody = through('http://127.0.0.1:9');
    expect(await verified({}, nobody)).toMatchObject({ grant: 'block', signal: 'block', old: 'block' });
  });
});

describe('tv oracle rotate-key: the undo of the authorisation', () => {
  const facts = {
    form: 'role',
    oldAddress: old,
    newAddress: fresh,
    calls: { authorise: null, revoke: null },
  };
  const step = authoriseStep(facts as RotateFacts);
  const undone = async (on: Chain, hash?: Json) => {
    const ctx = context({}, on, {});
    return step.checkUndone?.({ ...ctx, notes: hash === undefined ? {} : { 'undo-authorise': { hash } } });
  };
  const hashOf = (sent: Json) => (sent as { hash: string }).hash;

  it('is as its receipt and the registry say', async () => {
    const granted = hashOf(await hold(fresh, true));
    expect(await undone(chain)).toMatchObject({ status: 'block' });
    const revoked = hashOf(await hold(fresh, false));
    // Nothing had been granted, so that nothing was sent.
    expect(await undone(chain)).toMatchObject({ status: 'pass' });
    expect(await undone(chain, revoked)).toMatchObject({
      status: 'pass',
      summary: expect.stringMatching(/not authorised as oracle, as before the run, by 0x\S+ in block \d+$/),
    });
    expect(await undone(chain, granted)).toMatchObject({ status: 'warn' });
    await using faulty = await faultyNode(node.url, 'statusnone');
    expect(await undone(through(faulty.url), revoked)).toMatchObject({
      status: 'block',
      summary: expect.stringContaining('unknown whether the undo succeeded'),
    });
    await hold(fresh, true);
  });
});

describe('tv oracle recover: the verification', () => {
  const verified = (world: Partial<World>, results: Record<string, Json>) =>
    statuses(recover, context(world, chain, results), { unit, oracle: fresh });
  const follow = { nonce: '7', block: 9 };

  it.each([
    ['a signal was seen', {}, { follow }, 'pass', 'pass'],
    ['none was seen', {}, {}, 'pass', 'block'],
    ['the step was found done, without a signal', {}, { follow: null }, 'pass', 'block'],
    ['the relay has died since', { unitState: 'failed' }, { follow }, 'block', 'pass'],
    ['the host is away', { hostAway: true }, { follow }, 'block', 'pass'],
  ] as const)('%s: service %s, signal %s', async (_, world, results, service, signal) => {
    expect(await verified(world, results as Record<string, Json>)).toEqual({ service, signal });
  });
});
