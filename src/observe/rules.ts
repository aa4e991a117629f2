import type { AnyRule, Escalation } from './rule.ts';
import { chainRules } from './rules/chain.ts';
import { checklistRules } from './rules/checklist.ts';
import { dataRules } from './rules/data.ts';
import { hostRules } from './rules/host.ts';
import { oracleRules } from './rules/oracle.ts';
import { serviceRules } from './rules/services.ts';
import type { SourceId } from './world.ts';

/** All that can be found wrong. Where two are as bad, the earlier comes first on a screen. */
export const rules: readonly AnyRule[] = [
  ...hostRules,
  ...chainRules,
  ...serviceRules,
  ...oracleRules,
  ...dataRules,
  ...checklistRules,
];

/** What it means that a source said nothing. */
export interface Unreadable {
  readonly section: string;
  readonly escalation: Escalation;
  /** The finding where it certainly does not answer, which is a fault by itself and not only unknown. */
  readonly away?: string;
  /** Findings that explain its silence. */
  readonly causes: readonly string[];
  /** Its silence is no finding: it only adds to what others have found. */
  readonly quiet?: true;
}

const onHost = ['host-away'];
const onChain = ['rpc-away', 'rpc-wrong-chain', 'unknown-nodes', 'unknown-chain'];

export const unreadable: Readonly<Record<SourceId, Unreadable>> = {
  services: { section: '10', escalation: 1, away: 'host-away', causes: [] },
  processes: { section: '10', escalation: 1, causes: [...onHost, 'unknown-services'] },
  machine: { section: '8', escalation: 1, causes: [...onHost, 'unknown-services'] },
  disk: { section: '8', escalation: 1, causes: [...onHost, 'unknown-services'] },
  nodes: { section: '10', escalation: 2, causes: [] },
  chain: { section: '10', escalation: 2, causes: onChain },
  protocol: { section: '7', escalation: 3, causes: onChain },
  pause: { section: '7', escalation: 3, causes: [], quiet: true },
  breakers: { section: '6', escalation: 3, causes: onChain },
  orders: { section: '7', escalation: 3, causes: [...onChain, 'unknown-protocol'] },
  signals: { section: '2', escalation: 1, causes: onChain },
  relay: { section: '2', escalation: 1, causes: [...onHost, ...onChain] },
  relayInterval: { section: '2', escalation: 1, causes: [], quiet: true },
  database: { section: '8', escalation: 2, away: 'database-away', causes: [] },
  indexer: { section: '8', escalation: 1, causes: ['database-away', 'unknown-database', 'database-schema'] },
  indexerError: { section: '9', escalation: 1, causes: [], quiet: true },
  api: { section: '8', escalation: 2, away: 'api-away', causes: ['service-down:api', 'service-frozen:api'] },
  backups: { section: '3', escalation: 2, causes: [...onHost, 'unknown-services', 'unknown-disk'] },
  schedule: { section: '3', escalation: 2, causes: [...onHost, 'unknown-services'] },
  certificate: { section: '8', escalation: 1, causes: [] },
  oldKeys: { section: '4', escalation: 1, causes: [] },
  checklist: { section: 'Security', escalation: 1, causes: [] },
  runs: { section: '', escalation: 1, causes: [] },
};
