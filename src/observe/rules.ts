import type { Settings } from '../config/settings.ts';
import { type Advice, onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { type AnyRule, type Escalation, noNode } from './rule.ts';
import { chainRules } from './rules/chain.ts';
import { checklistRules } from './rules/checklist.ts';
import { dataRules } from './rules/data.ts';
import { hostRules } from './rules/host.ts';
import { oracleRules } from './rules/oracle.ts';
import { runRules } from './rules/runs.ts';
import { serviceRules } from './rules/services.ts';
import type { SourceId } from './world.ts';

/** All that can be found wrong. Where two are as bad, the earlier comes first on a screen. */
export const rules: readonly AnyRule[] = [
  ...hostRules,
  ...runRules,
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
  /** The same where it is only late: one that refuses connections does not wait. */
  readonly lateCauses?: readonly string[];
  /** What mends it where it certainly does not answer, in the place of what the source advises. */
  readonly next?: (settings: Settings, cause: unknown) => readonly Advice[] | undefined;
  /** Its silence is no finding: it only adds to what others have found. */
  readonly quiet?: true;
}

const hostAway = ['host-away'];
const onChain = [...noNode, 'rpc-wrong-chain', 'unknown-chain'];

export const unreadable: Readonly<Record<SourceId, Unreadable>> = {
  services: { section: '10', escalation: 1, away: 'host-away', causes: [] },
  crashes: { section: '10', escalation: 1, causes: [], quiet: true },
  processes: { section: '10', escalation: 1, causes: [...hostAway, 'unknown-services'] },
  machine: { section: '8', escalation: 1, causes: [...hostAway, 'unknown-services'] },
  disk: { section: '8', escalation: 1, causes: [...hostAway, 'unknown-services'] },
  envFile: { section: '10', escalation: 1, causes: [...hostAway, 'unknown-services'] },
  nodes: { section: '10', escalation: 2, causes: [] },
  chain: { section: '10', escalation: 2, causes: onChain },
  protocol: { section: '7', escalation: 3, causes: onChain },
  pause: { section: '7', escalation: 3, causes: [], quiet: true },
  breakers: { section: '6', escalation: 3, causes: onChain },
  orders: { section: '7', escalation: 3, causes: [...onChain, 'unknown-protocol'] },
  signals: { section: '2', escalation: 1, causes: onChain },
  relay: { section: '2', escalation: 1, causes: [...hostAway, 'unknown-envFile', ...onChain] },
  relayInterval: { section: '2', escalation: 1, causes: [], quiet: true },
  database: {
    ...{ section: '8', escalation: 2, away: 'database-away', causes: [] },
    next: ({ database: { unit } }, cause) =>
      cause instanceof TvError && cause.code === 'db.unreachable' && isDefaultAdvice(cause)
        ? [onHost(`systemctl start ${unit}`), onHost(`journalctl -u ${unit} -n 50 --no-pager`)]
        : undefined,
  },
  indexer: { section: '8', escalation: 1, causes: ['database-away', 'unknown-database', 'database-schema'] },
  indexerError: { section: '9', escalation: 1, causes: [], quiet: true },
  events: {
    ...{ section: '1', escalation: 2 },
    causes: ['database-away', 'unknown-database', 'database-schema', ...onChain, 'unknown-protocol'],
  },
  api: {
    ...{ section: '8', escalation: 2, away: 'api-away' },
    causes: ['service-memory:api', 'service-down:api', 'service-frozen:api'],
    // It waits for its own sources before it answers.
    lateCauses: [...noNode, 'rpc-slow', 'database-away', 'unknown-database'],
  },
  cors: {
    ...{ section: '10', escalation: 1 },
    causes: [
      'service-memory:api',
      'service-down:api',
      'service-frozen:api',
      'api-away',
      'unknown-api',
      'certificate-expiring',
      'certificate-untrusted',
    ],
  },
  backups: { section: '3', escalation: 2, causes: [...hostAway, 'unknown-services', 'unknown-disk'] },
  schedule: { section: '3', escalation: 2, causes: [...hostAway, 'unknown-services'] },
  monitor: { section: '8', escalation: 1, causes: [...hostAway, 'unknown-services'] },
  certificate: { section: '8', escalation: 1, causes: [] },
  oldKeys: { section: '4', escalation: 1, causes: [] },
  checklist: { section: 'Security', escalation: 1, causes: [] },
  runs: { section: '', escalation: 1, causes: [] },
};

/** Nothing listens there, as far as is known: not a name or a route that is wrong. */
function isDefaultAdvice({ next }: TvError): boolean {
  const [first] = next;
  return typeof first === 'object' && 'shell' in first;
}
