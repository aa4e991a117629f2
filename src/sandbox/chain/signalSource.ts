import { serializeTypedData } from 'viem';
import type { Deployment } from './deployment.ts';
import { seededRandom } from './historyPlan.ts';
import { type Hex, rpcEach } from './rpc.ts';
import { encodeOracleUpdate, type OracleUpdate, oracleTypedData } from './signals.ts';

interface PairState {
  readonly tick: number;
  readonly nonce: bigint;
}

/** Makes plausible signals: the price wanders around the peg, nonces and timestamps only rise. */
export class SignalSource {
  private readonly random = seededRandom(7);
  private readonly pairs = new Map<Hex, PairState>();

  /**
   * One update for each pair named; a pair may be named twice.
   * @param latest newest time that the block will have for certain, in Unix seconds
   */
  next(pairIds: readonly Hex[], latest: number): OracleUpdate[] {
    return pairIds.map((pairId, index) => {
      const before = this.pairs.get(pairId) ?? { tick: 0, nonce: 0n };
      const step = Math.round((this.random() - 0.5) * 6);
      const state = { tick: Math.max(-40, Math.min(40, before.tick + step)), nonce: before.nonce + 1n };
      this.pairs.set(pairId, state);
      return {
        pairId,
        referenceTick: state.tick,
        pegDeviation: BigInt(Math.abs(state.tick)),
        orderbookDepthBid: this.depth(),
        orderbookDepthAsk: this.depth(),
        timestamp: BigInt(pairIds.includes(pairId, index + 1) ? latest - 1 : latest),
        nonce: state.nonce,
      };
    });
  }

  private depth(): bigint {
    return BigInt(Math.floor((100_000 + this.random() * 900_000) * 1_000_000));
  }
}

export interface SignerAndUpdate {
  /** An unlocked dev account. */
  readonly signer: Hex;
  readonly update: OracleUpdate;
}

/**
 * Call data of each update with its signature. The node signs, many in one request: it takes a fraction of
 * the time that thousands of signatures take here.
 */
export async function signedCalls(
  url: string,
  { chainId, addresses }: Deployment,
  updates: readonly SignerAndUpdate[],
): Promise<Hex[]> {
  const domain = { chainId, riskController: addresses.riskController };
  const signatures = await rpcEach<Hex>(
    url,
    'eth_signTypedData_v4',
    updates.map(({ signer, update }) => [signer, serializeTypedData(oracleTypedData(domain, update))]),
  );
  return updates.map(({ update }, index) => encodeOracleUpdate(update, signatures[index] ?? '0x'));
}
