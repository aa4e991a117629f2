import type { Deployment } from './deployment.ts';
import { devPrivateKey } from './devAccounts.ts';
import { seededRandom } from './historyPlan.ts';
import type { Hex } from './rpc.ts';
import { encodeOracleUpdate, signOracleUpdate } from './signals.ts';

interface PairState {
  tick: number;
  timestamp: bigint;
  nonce: bigint;
}

/** Makes plausible signed signals: the price wanders around the peg, nonces and timestamps only rise. */
export class SignalSource {
  private readonly random = seededRandom(7);
  private readonly pairs = new Map<Hex, PairState>();
  private readonly keys: Readonly<Record<'oldOracle' | 'oracle', Hex>>;
  private readonly deployment: Deployment;

  constructor(deployment: Deployment) {
    this.deployment = deployment;
    const { oldOracle, oracle } = deployment.accounts;
    this.keys = { oldOracle: devPrivateKey(oldOracle.index), oracle: devPrivateKey(oracle.index) };
  }

  /**
   * Call data of one signed update for each pair named; a pair may be named twice.
   * @param latest newest time that the block will have for certain, in Unix seconds
   */
  async updates(pairIds: readonly Hex[], by: 'oldOracle' | 'oracle', latest: number): Promise<Hex[]> {
    const calls: Hex[] = [];
    for (const [index, pairId] of pairIds.entries()) {
      const again = pairIds.includes(pairId, index + 1);
      const state = this.pairs.get(pairId) ?? { tick: 0, timestamp: 0n, nonce: 0n };
      state.tick = Math.max(-40, Math.min(40, state.tick + Math.round((this.random() - 0.5) * 6)));
      state.timestamp = BigInt(again ? latest - 1 : latest);
      state.nonce += 1n;
      this.pairs.set(pairId, state);
      const update = {
        pairId,
        referenceTick: state.tick,
        pegDeviation: BigInt(Math.abs(state.tick)),
        orderbookDepthBid: this.depth(),
        orderbookDepthAsk: this.depth(),
        timestamp: state.timestamp,
        nonce: state.nonce,
      };
      const { chainId, addresses } = this.deployment;
      const signature = await signOracleUpdate({
        privateKey: this.keys[by],
        chainId,
        riskController: addresses.riskController,
        update,
      });
      calls.push(encodeOracleUpdate(update, signature));
    }
    return calls;
  }

  private depth(): bigint {
    return BigInt(Math.floor((100_000 + this.random() * 900_000) * 1_000_000));
  }
}
