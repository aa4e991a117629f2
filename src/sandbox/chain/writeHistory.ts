import type { Deployment } from './deployment.ts';

export interface WriteHistoryParameters {
  /** Default 2400. */
  readonly blocks?: number;
  /** Default 6000. */
  readonly events?: number;
}

export interface History {
  readonly firstBlock: number;
  readonly lastBlock: number;
  /** How many events of the indexed kinds were written. */
  readonly events: number;
  readonly seconds: number;
}

/** Unix time for `anvilCommand`'s genesis, so that a history of so many blocks ends about now. */
export function historyGenesis(blocks = 2400, now: Date = new Date()): number {
  return Math.floor(now.getTime() / 1000) - blocks * 3 - 120;
}

export async function writeHistory(
  _url: string,
  deployment: Deployment,
  _parameters: WriteHistoryParameters = {},
): Promise<History> {
  return { firstBlock: deployment.block, lastBlock: deployment.block, events: 0, seconds: 0 };
}
