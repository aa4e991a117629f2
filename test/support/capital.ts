import { readProtocol } from '../../src/chain/readProtocol.ts';
import { type Places, readPlaces } from '../../src/chain/treasury/readPlaces.ts';
import type { Address } from '../../src/config/settings.ts';
import type { Operation } from '../../src/sandbox/chain/historyPlan.ts';
import { operationTransaction } from '../../src/sandbox/chain/historyTransactions.ts';
import { head, send } from '../../src/sandbox/chain/rpc.ts';
import { SignalSource, signedCalls } from '../../src/sandbox/chain/signalSource.ts';
import type { ProtocolWorld } from './protocolWorld.ts';
import { setPaused } from './setPaused.ts';

/** The smallest units in a whole token, of all tokens here. */
export const usd = 1_000_000n;
/** A dev account that holds no role. */
export const stranger = '0xa0Ee7A142d267C1f36714E4a8F75612F20a79720';

/** How many transactions of those who act in an emergency are in blocks. */
export interface Sent {
  readonly emergency: number;
  readonly manager: number;
}

/** The treasury of a world's first pair, behind tv's back. */
export interface Capital {
  readonly pair: { readonly id: `0x${string}`; readonly tokenA: Address; readonly tokenB: Address };
  readonly emergency: Address;
  readonly manager: Address;
  operate(...operations: readonly Operation[]): Promise<void>;
  /** Deposits and deploys tokenA, and places some of it in two orders. In whole tokens. */
  fill(amounts: {
    readonly deposit: bigint;
    readonly deploy: bigint;
    readonly orders: bigint;
  }): Promise<void>;
  /** Of tokenA by default. */
  places(recipient?: Address, token?: Address): Promise<Places>;
  paused(): Promise<boolean | undefined>;
  setPaused(wanted: boolean): Promise<void>;
  /** Runs `work` and counts the transactions that it left in blocks. */
  counted(work: () => Promise<unknown>): Promise<Sent>;
}

/** Brings the oracle's first signal, without which nothing can be placed. */
export async function openCapital({ protocol }: ProtocolWorld): Promise<Capital> {
  const { deployment, url, chain } = protocol;
  const [pair] = deployment.pairs;
  if (pair === undefined) throw new Error('no pair');
  const updates = new SignalSource().next([pair.id], (await head(url)).timestamp);
  const signer = deployment.accounts.oracle.address;
  const signed = updates.map((update) => ({ signer, update }));
  const [data = '0x'] = await signedCalls(url, deployment, signed);
  await send(url, { from: signer, to: deployment.addresses.riskController, data });

  const emergency = deployment.accounts.emergency.address;
  const manager = deployment.accounts.treasuryManager.address;
  const operate = async (...operations: readonly Operation[]) => {
    for (const operation of operations) await send(url, operationTransaction(deployment, operation));
  };
  return {
    pair,
    emergency,
    manager,
    operate,
    fill: ({ deposit, deploy, orders }) => {
      const order = { amount: (orders * usd) / 2n, tick: 10, isBid: false };
      return operate(
        { kind: 'deposit', token: pair.tokenA, amount: deposit * usd },
        { kind: 'deploy', token: pair.tokenA, amount: deploy * usd, pairId: pair.id },
        { kind: 'place', pairId: pair.id, orders: [order, { ...order, tick: 20 }] },
      );
    },
    places: (recipient, token = pair.tokenA) => readPlaces(chain, { token, recipient }),
    paused: async () => (await readProtocol(chain)).paused,
    setPaused: (wanted) => setPaused({ chain, url }, wanted),
    counted: async (work) => {
      const start = (await protocol.head()) + 1;
      await work();
      return {
        emergency: await protocol.countFrom(emergency, start),
        manager: await protocol.countFrom(manager, start),
      };
    },
  };
}
