import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import type { Sender } from '../../../src/chain/preflight/checkSending.ts';
import type { Address, ServiceName } from '../../../src/config/settings.ts';
import { exampleFacts as shutdown } from '../shutdown/facts.ts';

/** What the preflight has found and the plan is made from. */
export type ResumeFacts = {
  readonly chainId: number;
  /** Null where the protocol is not paused. */
  readonly unpause: { readonly intent: ResolvedIntent; readonly sender: Sender } | null;
  readonly replace: boolean;
  readonly services: readonly {
    readonly id: ServiceName | 'nginx';
    readonly unit: string;
    readonly program: string | null;
    readonly active: boolean;
  }[];
  /** An older run is unfinished: then even where all is up there is something to verify. */
  readonly supersedes: boolean;
  readonly oracle: Address;
  /** Of the relay, in seconds. */
  readonly intervalSeconds: number;
};

/** TempoVault is up, and nothing is to be proven for an older run: no signal is waited for. */
export function isUp({ services, unpause, supersedes }: ResumeFacts): boolean {
  return unpause === null && !supersedes && services.every(({ id, active }) => active || id === 'nginx');
}

/** An imagined case, for the exported document. */
export const exampleFacts: ResumeFacts = {
  chainId: 4217,
  unpause:
    shutdown.pause.intent === null || shutdown.pause.sender === null
      ? null
      : {
          intent: { ...shutdown.pause.intent, intent: 'unpauseProtocol', args: ['false'] },
          sender: shutdown.pause.sender,
        },
  replace: false,
  services: shutdown.services.map(({ id, unit, program }) => ({ id, unit, program, active: false })),
  supersedes: false,
  oracle: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
  intervalSeconds: 60,
};
