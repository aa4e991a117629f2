import { checkNodes } from '../../chain/preflight/checkNodes.ts';
import { readHead } from '../../chain/readHead.ts';
import { endThePause, readProtocol } from '../../chain/readProtocol.ts';
import { describeHidden, findWriters, type Writers } from '../../database/findWriters.ts';
import { readEventSchema } from '../../database/readEventSchema.ts';
import { readProgress } from '../../database/readProgress.ts';
import { readStatus } from '../../database/readStatus.ts';
import { answer } from '../../errors/answer.ts';
import type { Check, Finding } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import type { PreflightResult } from '../../runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../runbook/preflight.ts';
import { bytes, count, duration, howMany } from '../../text/format.ts';
import { askApi, describeApi } from '../askApi.ts';
import { checkWriting } from '../indexer/checkWriting.ts';
import { checkRelayCauses, checkRelayKey } from '../oracle/checkRelayCauses.ts';
import { checkOtherProcesses, checkUnit } from './checkUnit.ts';
import { findService, type RelayFacts, type ServiceFacts } from './service.ts';

type UnitValue = Awaited<ReturnType<typeof checkUnit>>;

/**
 * What must hold before a service is started or restarted: that it can run, that nothing else does its work,
 * and that a start can help at all.
 * @throws UsageError where there is no such service
 */
export async function preflightStart(
  ctx: Context,
  { name, verb }: { readonly name: string; readonly verb: 'start' | 'restart' },
): Promise<PreflightResult<ServiceFacts>> {
  const service = findService(ctx.settings, name);
  const preflight = new Preflight(ctx);
  const unit = checkUnit(ctx, preflight, { service, verb });
  checkOtherProcesses(ctx, preflight, unit, { service, verb });
  const nodes = checkNodes(ctx, preflight);
  const relay = service === 'oracle' ? checkRelay(ctx, preflight, unit) : undefined;
  if (service === 'indexer') checkIndexer(ctx, preflight, unit);
  if (service === 'api') checkApi(ctx, preflight, unit);
  if (service !== 'oracle') checkPause(ctx, preflight, nodes, unit);
  const checks = (await preflight.checks()).map((check) => (service === 'api' ? overrulable(check) : check));
  const known = await unit;
  const relayFacts = (await relay) ?? null;
  if (known === undefined || (service === 'oracle' && relayFacts === null)) {
    return { checks, facts: undefined };
  }
  const { since: _, ...facts } = known;
  return { checks, facts: { ...facts, relay: relayFacts } };
}

/** An API that runs degraded may still be better than none. */
function overrulable(check: Check): Check {
  const isDependency = check.id === 'chain' || check.id === 'database';
  return check.status === 'block' && isDependency ? { ...check, override: 'api-dependencies' } : check;
}

/** During a pause the services are stopped on purpose, by emergency shutdown. */
function checkPause(
  ctx: Context,
  preflight: Preflight,
  nodes: ReturnType<typeof checkNodes>,
  unit: Promise<UnitValue>,
): void {
  preflight.check('pause', 'chain', async () => {
    await need(nodes, 'chain');
    const { state } = await need(unit, 'service');
    const { paused } = await readProtocol(ctx.chain());
    return judgePause({ paused, state });
  });
}

export function judgePause({
  paused,
  state,
}: {
  readonly paused: boolean | undefined;
  readonly state: string;
}): Finding {
  if (paused === false) return pass('the protocol is not paused');
  if (paused === undefined) return warn('paused state unknown: no contract returns it');
  if (state === 'active') return warn('the protocol is paused');
  return warn('the protocol is paused: a shutdown may have stopped this service on purpose', {
    next: [endThePause],
  });
}

function checkApi(ctx: Context, preflight: Preflight, unit: Promise<UnitValue>): void {
  preflight.check('database', 'database', async () => {
    const { version, sizeBytes, problem } = await readStatus(ctx.database());
    if (problem === null) return pass(`PostgreSQL ${version}, ${bytes(sizeBytes)}`);
    return block(problem, { next: [{ tv: ['status'] }] });
  });
  preflight.check('api', 'api', async () => {
    // Without a URL it could not be verified.
    const api = ctx.api();
    const { state } = await need(unit, 'service');
    return judgeApiNow(await askApi(api), state);
  });
}

/** What answers at the API's URL before the start. */
export function judgeApiNow(seen: Awaited<ReturnType<typeof askApi>>, state: string): Finding {
  const words = describeApi(seen);
  if (state === 'active') return seen.isReady ? warn(`${words}: is it needed?`) : pass(words);
  return seen.answers ? warn(`${words}, although its unit is not active`) : pass(words);
}

function checkIndexer(ctx: Context, preflight: Preflight, unit: Promise<UnitValue>): void {
  preflight.check('cursor', 'database', async () => {
    const schema = await readEventSchema(ctx.database());
    const [{ block: at, source }, head] = await Promise.all([
      readProgress(ctx.database(), { schema }),
      answer((async () => readHead(ctx.chain()))()),
    ]);
    const where = at === null ? 'no block is indexed yet' : `at block ${count(at)}`;
    const behind =
      at === null || !head.known ? '' : `, ${howMany(Math.max(0, head.value.number - at), 'block')} behind`;
    return source === 'rows'
      ? warn(`${where}; no cursor, so progress cannot be seen`)
      : pass(`${where}${behind}`);
  });
  preflight.check('writing', 'database', () => checkWriting(ctx, ctx.database(), ctx.database().target.name));
  preflight.check('writers', 'database', async () => {
    const { mainPid } = await need(unit, 'service');
    const schema = await readEventSchema(ctx.database());
    return judgeWriters(await findWriters(ctx.database(), { schema }), {
      runs: mainPid !== 0,
      role: ctx.database().target.user,
    });
  });
}

/**
 * Sessions that write the event tables: while the unit does not run, each is another indexer. While it runs,
 * its own come from one address.
 */
export function judgeWriters(
  { found: writers, hidden }: Writers,
  { runs, role }: { readonly runs: boolean; readonly role: string },
): Finding {
  const seen = writers.filter((writer) => !writer.hidden);
  const addresses = new Set(seen.map(({ client }) => addressOf(client)));
  const others = runs ? addresses.size > 1 : writers.length > 0;
  if (!others) {
    // Of those that hold locks the address is what this role may not see.
    const unseen = [...hidden, ...writers.filter((writer) => writer.hidden)];
    if (unseen.length > 0) {
      const { words, next } = describeHidden(unseen, role);
      return warn(`whether another indexer writes is unknown: ${words}`, { next: [next] });
    }
    return pass(
      runs
        ? 'sessions that write the event tables come from one address'
        : 'no session is seen to write the event tables',
    );
  }
  return block(
    runs
      ? `sessions from ${addresses.size} addresses write the event tables: another indexer may be running`
      : 'a session writes the event tables although the unit does not run: another indexer may be running',
    {
      facts: Object.fromEntries(
        writers.map(({ pid, user, application, client, reason }) => [
          `session ${pid}`,
          `${application || 'no name'}, of ${user}, from ${client ?? 'an unknown address'}: ${reason}`,
        ]),
      ),
      override: 'second-indexer',
      next: ['stop the other indexer on the host that the session comes from'],
    },
  );
}

/** The address of `10.0.0.5:41234`; a socket and the loopback addresses are the database's own host. */
function addressOf(client: string | null): string {
  const address = client?.replace(/:\d+$/, '') ?? '';
  return /^(local|127\..*|::1)$/.test(address) ? 'local' : address;
}

function checkRelay(
  ctx: Context,
  preflight: Preflight,
  unit: Promise<UnitValue>,
): Promise<RelayFacts | undefined> {
  const key = checkRelayKey(ctx, preflight);
  const causes = checkRelayCauses(ctx, preflight, key);
  preflight.check('second relay', 'chain', async () => {
    const { newestAt, unknown } = await need(causes, 'causes');
    const { intervalSeconds } = await need(key, 'key');
    const { since, mainPid } = await need(unit, 'service');
    const { timestamp } = await readHead(ctx.chain());
    const stoppedMs = since === null ? null : ctx.clock.now().getTime() - Date.parse(since);
    const ageMs = newestAt === null ? null : (timestamp - newestAt) * 1000;
    return judgeSecondRelay({
      ...{ runs: mainPid !== 0, unknown, ageMs, stoppedMs },
      intervalMs: intervalSeconds === null ? null : intervalSeconds * 1000,
    });
  });
  return key.then((found) => found && { oracle: found.oracle, limitMs: found.limitMs });
}

/** A signal that was made before the stop may be accepted, and clocks may differ, by so much. */
const lateMs = 30_000;

/** A signal of the relay's address that is newer than the stop of its unit comes from another relay. */
export function judgeSecondRelay({
  runs,
  unknown,
  ageMs,
  stoppedMs,
  intervalMs,
}: {
  readonly runs: boolean;
  /** Why the newest signals are unknown; null where they were read. */
  readonly unknown: string | null;
  /** Of the newest signal, by the chain's clock; null where none was seen. */
  readonly ageMs: number | null;
  /** For how long the unit has not been running, by the host's clock; null where that is unknown. */
  readonly stoppedMs: number | null;
  /** Between two signals of the relay; null where it is unknown. */
  readonly intervalMs: number | null;
}): Finding {
  if (runs) return pass('the unit runs; whether another host sends with its key is not seen from here');
  if (unknown !== null) return warn(`whether another relay sends with this key is unknown: ${unknown}`);
  if (ageMs === null) return pass('no recent signal of this key');
  const age = duration(ageMs);
  if (intervalMs !== null && ageMs > 2 * intervalMs + lateMs)
    return pass(`no relay sends with this key: its last signal is ${age} old`);
  if (stoppedMs === null) {
    // systemd forgets when a unit that does not start at boot has exited.
    return warn(`the last signal of this key is ${age} old; since when its unit is stopped is unknown`, {
      next: [{ when: 'see whether signals still come', tv: ['oracle', 'status'] }],
    });
  }
  const stopped = duration(stoppedMs);
  if (ageMs + lateMs < stoppedMs) {
    return block(
      `another relay sends with this key: its last signal is ${age} old, and its unit was stopped ${stopped} ago`,
      { next: ['stop the relay on the other host first', { tv: ['oracle', 'status'] }] },
    );
  }
  return pass(`the last signal of this key, ${age} old, is from before the stop`);
}
