import { readStaleHead } from '../../../src/chain/currentState.ts';
import { contractTitles } from '../../../src/chain/intents/intent.ts';
import { resolveIntent } from '../../../src/chain/intents/resolveIntent.ts';
import { isOracle } from '../../../src/chain/oracle/readAuthority.ts';
import { checkNodes } from '../../../src/chain/preflight/checkNodes.ts';
import { checkSending } from '../../../src/chain/preflight/checkSending.ts';
import { readProtocol } from '../../../src/chain/readProtocol.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { parseKey } from '../../../src/chain/signers/oracleKey.ts';
import { readStatus } from '../../../src/database/readStatus.ts';
import { onHost } from '../../../src/errors/advice.ts';
import { readEnvValue } from '../../../src/host/envFile.ts';
import { listProcesses } from '../../../src/host/listProcesses.ts';
import { readEnvFile } from '../../../src/host/readEnvFile.ts';
import { readRelay } from '../../../src/host/readRelay.ts';
import { readUnits } from '../../../src/host/readUnits.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { bytes } from '../../../src/text/format.ts';
import type { ResumeInput } from '../resume.ts';
import { hasSuperseded } from '../supersedes.ts';
import { checkQueued } from './checkQueued.ts';
import type { ResumeFacts } from './facts.ts';

/** What has to stand before anything is let go again. */
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
      return block('no contract tells whether it is paused', { next: [{ tv: ['status'] }] });
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
    const { intervalSeconds } = await readRelay(ctx, {
      envIntervalSeconds: interval > 0 ? interval : null,
      isKey: (word) => sameAddress(parseKey(word)?.address ?? '', oracle),
    });
    return pass(`ORACLE_PRIVATE_KEY is of ${oracle}`, { oracle, intervalSeconds });
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
