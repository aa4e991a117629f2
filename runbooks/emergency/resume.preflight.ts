import { readStaleHead } from '../../src/chain/currentState.ts';
import { contractTitles, type ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { isOracle } from '../../src/chain/oracle/readAuthority.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { checkSending, type Sender } from '../../src/chain/preflight/checkSending.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import { lookUp } from '../../src/chain/transactions/lookUp.ts';
import { readUsedNonce } from '../../src/chain/transactions/readNonce.ts';
import { notedTransaction } from '../../src/chain/transactions/sendOnce.ts';
import { node } from '../../src/chain/transactions/sendSteps.ts';
import type { SignedTransaction } from '../../src/chain/transactions/transaction.ts';
import type { Address, ServiceName } from '../../src/config/settings.ts';
import { readStatus } from '../../src/database/readStatus.ts';
import { onHost } from '../../src/errors/advice.ts';
import { known } from '../../src/errors/answer.ts';
import { readEnvValue } from '../../src/host/envFile.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readEnvFile } from '../../src/host/readEnvFile.ts';
import { assumedIntervalSeconds, readRelay } from '../../src/host/readRelay.ts';
import { readUnits } from '../../src/host/readUnits.ts';
import { surveyRuns } from '../../src/journal/readRuns.ts';
import { isUnfinished, type RunState } from '../../src/journal/runState.ts';
import { hasSuperseded } from '../../src/operations/emergencyRuns.ts';
import { pauseAgain, pausing, unpausing } from '../../src/operations/pauseSteps.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { bytes, count } from '../../src/text/format.ts';

export interface ResumeInput {
  readonly nginx: boolean;
  readonly replace: boolean;
}

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
  unpause: {
    intent: {
      intent: 'unpauseProtocol',
      contract: 'riskController',
      address: '0x610178dA211FEF7D417bC0e6FeD39F05609AD788',
      signature: 'toggleGlobalPause(bool)',
      args: ['false'],
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
  },
  replace: false,
  services: [
    { id: 'oracle', unit: 'tempovault-oracle', program: 'oracle_relay', active: false },
    { id: 'indexer', unit: 'tempovault-indexer', program: 'event_indexer', active: false },
    { id: 'api', unit: 'tempovault-api', program: 'api_server', active: false },
  ],
  supersedes: false,
  oracle: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
  intervalSeconds: 60,
};

/** What must hold before the protocol is unpaused. */
export async function preflight(ctx: Context, input: ResumeInput): Promise<PreflightResult<ResumeFacts>> {
  const { replace } = input;
  const preflight = new Preflight(ctx);
  const services = checkServices(ctx, preflight, input);
  const nodes = checkNodes(ctx, preflight);
  const oracle = checkOracle(ctx, preflight, nodes);
  preflight.check('database', 'database', async () => {
    const { version, sizeBytes, problem } = await readStatus(ctx.database());
    return problem === null
      ? pass(`PostgreSQL ${version}, ${bytes(sizeBytes)}`)
      : block(problem, { override: 'database', next: [{ tv: ['status'] }] });
  });
  const protocol = preflight.check('protocol', 'chain', async () => {
    await need(nodes, 'chain');
    const [{ paused }, old] = await Promise.all([readProtocol(ctx.chain()), readStaleHead(ctx)]);
    const { riskController } = ctx.chain().contracts;
    if (riskController === undefined) return block('the address of RiskController is not set');
    if (paused === undefined)
      return block('paused state unknown: no contract returns it', { next: [{ tv: ['status'] }] });
    if (!paused && old === undefined) return warn('not paused: nothing to send', { value: { intents: [] } });
    const intent = await resolveIntent(ctx.chain(), { intent: 'unpauseProtocol' });
    const how = `${contractTitles[intent.contract]}.${intent.signature} at ${intent.address}`;
    if (old !== undefined)
      return warn(`paused state unknown: ${old.summary}`, { value: { intents: [intent] } });
    return pass(`paused; ${how}, for ${intent.role.name}`, { intents: [intent] });
  });
  checkQueued(ctx, preflight, nodes);
  const found = await protocol;
  const intents = found?.intents ?? [];
  const sender = await checkSending(ctx, preflight, { intents, urgent: true, replace });
  const checks = await preflight.checks();
  const known = { nodes: await nodes, services: await services, oracle: await oracle };
  const [intent] = intents;
  if (known.nodes === undefined || known.services === undefined || known.oracle === undefined) {
    return { checks, facts: undefined };
  }
  if (found === undefined || (intent !== undefined && sender === undefined)) {
    return { checks, facts: undefined };
  }
  return {
    checks,
    facts: {
      chainId: known.nodes.id,
      unpause: intent === undefined || sender === undefined ? null : { intent, sender },
      replace,
      services: known.services,
      supersedes: hasSuperseded(ctx),
      ...known.oracle,
    },
  };
}

function checkServices(ctx: Context, preflight: Preflight, { nginx }: ResumeInput) {
  const { units, programs } = ctx.settings.host;
  const wanted: readonly Omit<ResumeFacts['services'][number], 'active'>[] = [
    ...(['indexer', 'api', 'oracle'] as const).map((id) => ({ id, unit: units[id], program: programs[id] })),
    ...(nginx ? [{ id: 'nginx' as const, unit: 'nginx', program: null }] : []),
  ];
  return preflight.check('services', 'host', async () => {
    const [states, left] = await Promise.all([
      readUnits(ctx.host(), { units: wanted.map(({ unit }) => unit) }),
      Promise.all(
        wanted.map(({ program }) => (program === null ? [] : listProcesses(ctx.host(), { program }))),
      ),
    ]);
    const missing = states.find(({ loadState }) => loadState !== 'loaded');
    if (missing !== undefined) {
      return block(`${missing.unit} cannot be started: ${missing.loadState}`, {
        next: [
          missing.loadState === 'masked'
            ? onHost(`systemctl unmask ${missing.unit}`)
            : onHost(`systemctl status ${missing.unit}`),
        ],
      });
    }
    const services = wanted.map((service, index) => ({
      ...service,
      active: states[index]?.activeState === 'active',
    }));
    // Two relays with one key take each other's nonces; two indexers write every event twice.
    const stray = services.findIndex(({ active }, index) => !active && (left[index]?.length ?? 0) > 0);
    const [process] = left[stray] ?? [];
    if (process !== undefined) {
      return block(`process ${process.pid} runs ${services[stray]?.program} although its unit is stopped`, {
        facts: { command: process.command, user: process.user },
        next: [onHost(`kill ${process.pid}`, 'find out who started it, then')],
      });
    }
    const stopped = services.filter(({ active }) => !active).map(({ unit }) => unit);
    if (stopped.length === 0) return warn('all active already', { value: services });
    return pass(`to be started: ${stopped.join(', ')}`, services);
  });
}

/** With a key that the contracts do not take, the relay would burn fees and nothing else. */
function checkOracle(ctx: Context, preflight: Preflight, nodes: ReturnType<typeof checkNodes>) {
  const key = preflight.check('env', 'host', async () => {
    const { text } = await readEnvFile(ctx.host(), { path: ctx.settings.host.envFile });
    const written = readEnvValue(text, 'ORACLE_PRIVATE_KEY') ?? '';
    if (written !== '') ctx.secrets.keep(written);
    const oracle = parseKey(written)?.address;
    if (oracle === undefined) return block('ORACLE_PRIVATE_KEY in .env is missing, or no private key');
    const interval = Number(readEnvValue(text, 'ORACLE_UPDATE_INTERVAL') ?? Number.NaN);
    const relay = await readRelay(ctx, {
      envIntervalSeconds: known(interval > 0 ? interval : null),
      isKey: (word) => sameAddress(parseKey(word)?.address ?? '', oracle),
    });
    return pass(`ORACLE_PRIVATE_KEY is of ${oracle}`, {
      oracle,
      intervalSeconds: assumedIntervalSeconds(relay),
    });
  });
  preflight.check('oracle', 'chain', async () => {
    await need(nodes, 'chain');
    const { oracle } = await need(key, 'env');
    if (await isOracle(ctx.chain(), oracle)) return pass(`${oracle} is authorised`);
    return block(`${oracle} is not authorised: the contracts would refuse its signals`, {
      facts: { address: oracle },
      override: 'oracle-not-authorised',
      next: [{ tv: ['oracle', 'status'] }],
    });
  });
  return key;
}

interface Queued {
  readonly state: RunState;
  readonly transaction: SignedTransaction;
}

/**
 * A pause that was signed and is in no block yet would pause the protocol again, unasked, as soon as
 * what it waits for is there: behind a gap in the nonces a node keeps it for hours.
 */
export function checkQueued(ctx: Context, preflight: Preflight, nodes: ReturnType<typeof checkNodes>): void {
  preflight.check('queued pause', 'chain', async () => {
    await need(nodes, 'chain');
    const signed = surveyRuns(ctx).states.flatMap(pausesOf);
    const places = await Promise.all(signed.map(({ transaction }) => lookUp(ctx.chain(), transaction)));
    const index = places.findIndex(({ at }) => at === 'pool' || at === 'nowhere');
    const queued = signed[index];
    if (queued === undefined) return pass('no pause of an earlier run is pending');
    const { transaction, state } = queued;
    const { hash, from, nonce, nonceKey } = transaction;
    const { run } = state.started;
    const used = await readUsedNonce(ctx.chain(), { account: from, key: nonceKey });
    const where =
      places[index]?.at === 'pool' ? 'is pending' : 'is unknown to this node and may be pending at another';
    return block(`a pause signed by ${run} ${where}: mined later, it pauses the protocol again`, {
      facts: { transaction: hash, from, nonce: count(nonce), 'its account is at': count(used) },
      override: 'queued-pause',
      next:
        nonce > used
          ? [
              `fill its ${gap(used, nonce)}, so that it is mined now: cast send ${from} --nonce ${used} ${node} --interactive`,
            ]
          : [
              ...(isUnfinished(state) ? [{ when: 'so that it is mined now', tv: ['resume', run] }] : []),
              `or have ${from} send another transaction with its nonce and a higher fee`,
            ],
    });
  });
}

function gap(used: number, nonce: number): string {
  return nonce - used === 1 ? `account's nonce ${used}` : `account's nonces ${used} to ${nonce - 1}`;
}

/** Those whose inclusion in a block is not in the journal, neither as a result nor as a revert. */
function pausesOf(state: RunState): readonly Queued[] {
  const { steps } = state;
  const results = [...steps.values()].map(({ result }) => result as { hash?: string; block?: number } | null);
  return [
    notedTransaction({ notes: steps.get(pausing.id)?.notes ?? {} }),
    // An end of the pause that was undone.
    notedTransaction({ notes: steps.get(unpausing.id)?.notes ?? {} }, pauseAgain),
  ]
    .filter((transaction) => transaction !== undefined)
    .filter(({ hash }) => !results.some((result) => result?.hash === hash && result.block !== undefined))
    .map((transaction) => ({ state, transaction }));
}
