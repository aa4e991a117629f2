import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import type { Sender } from '../../../src/chain/preflight/checkSending.ts';
import type { Stops } from '../../../src/chain/stops/readStops.ts';
import type { ServiceName } from '../../../src/config/settings.ts';
import type { Advice } from '../../../src/errors/advice.ts';
import { type Answer, known } from '../../../src/errors/answer.ts';

export type Service = {
  readonly id: ServiceName | 'nginx';
  readonly unit: string;
  /** Null where a service is known by its unit alone. */
  readonly program: string | null;
  /** `unknown`: the host did not answer; it is tried all the same. */
  readonly state: 'running' | 'stopped' | 'missing' | 'unknown';
};

/** What the preflight has found and the plan is made from. */
export type ShutdownFacts = {
  readonly chainId: number | null;
  readonly pause: {
    readonly wanted: 'send' | 'already' | 'no';
    /** Null where the chain could not be asked; then it is looked up when it is sent. */
    readonly intent: ResolvedIntent | null;
    /** Null where something speaks against the transaction; it is tried all the same. */
    readonly sender: Sender | null;
    /** What speaks against it. */
    readonly trouble: string | null;
    /** The trouble is a check whose source did not answer: it may succeed all the same. */
    readonly unsure: boolean;
    /** What mends that, as commands. */
    readonly remedies: readonly Advice[];
    readonly replace: boolean;
    /** What the pause stops, by simulation; null where that was not tried. */
    readonly stops: Answer<Stops> | null;
  };
  readonly services: readonly Service[];
};

/** An imagined case, for the exported document. */
export const exampleFacts: ShutdownFacts = {
  chainId: 4217,
  pause: {
    wanted: 'send',
    intent: {
      intent: 'pauseProtocol',
      contract: 'riskController',
      address: '0x610178dA211FEF7D417bC0e6FeD39F05609AD788',
      signature: 'toggleGlobalPause(bool)',
      args: ['true'],
      data: '0x',
      role: { name: 'EMERGENCY', id: `0x${'e0'.repeat(32)}`, signer: 'emergency' },
      holders: ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
    },
    sender: {
      role: 'emergency',
      from: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
      network: 'tempo',
      feeToken: '0x20c0000000000000000000000000000000000000',
    },
    trouble: null,
    unsure: false,
    remedies: [],
    replace: false,
    stops: known([
      { action: 'deploy', effect: 'stopped', reason: null },
      { action: 'withdraw', effect: 'stopped', reason: null },
      { action: 'place', effect: 'not-stopped', reason: null },
    ]),
  },
  services: [
    { id: 'oracle', unit: 'tempovault-oracle', program: 'oracle_relay', state: 'running' },
    { id: 'indexer', unit: 'tempovault-indexer', program: 'event_indexer', state: 'running' },
    { id: 'api', unit: 'tempovault-api', program: 'api_server', state: 'running' },
  ],
};
