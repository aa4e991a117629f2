import { readPairSignals } from '../../src/chain/oracle/readPairSignals.ts';
import { namedPairs } from '../../src/chain/pairs/pair.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { readHead } from '../../src/chain/readHead.ts';
import type { Address } from '../../src/config/settings.ts';
import { onHost } from '../../src/errors/advice.ts';
import { checkUnitsAsBefore } from '../../src/host/checkAsBefore.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { followFirstSignal, judgeFirstSignal } from '../../src/operations/oracle/awaitFirstSignal.ts';
import { checkRelayCauses, checkRelayKey } from '../../src/operations/oracle/checkRelayCauses.ts';
import { checkRelayService } from '../../src/operations/oracle/checkRelayService.ts';
import { stoppedMeanwhile } from '../../src/runbook/changes.ts';
import { defineRunbook, type Step } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { during, note, step } from '../../src/runbook/step.ts';
import { count } from '../../src/text/format.ts';
import { byHand } from './recover.byHand.ts';

type RecoverFacts = {
  readonly unit: string;
  readonly wasActive: boolean;
  readonly oracle: Address;
  readonly limitMs: number;
};

const stoppedRelay = { subject: 'oracle relay', state: 'STOPPED' } as const;

const relayStopped = step<{ readonly unit: string; readonly state: string }>('stop');
const relayStarted = step<{ readonly unit: string; readonly process: number; readonly fromBlock: number }>(
  'start',
);
/** The first block in which a signal counts. */
const firstBlock = note<number>('fromBlock');

/** Runbook §2: the oracle's signals are stale or have stopped. */
export default defineRunbook<Record<never, never>, RecoverFacts>({
  title: 'Recover the oracle',
  summary: 'Restart the relay and prove a new signal',
  section: '2',
  order: 2,
  risk: 'moderate',
  description: `
Checks what a restart cannot mend (the RPC node, the key in .env, its role, its fees, a pause, a
transaction that is stuck, the clock), then stops the oracle relay, starts it again and waits for a new signal on
the chain, sent and signed by the expected address. What the relay's log says is no evidence.

Where a restart cannot help, nothing is changed, and the command that does help is named.`,
  byHand,
  examples: [
    { what: 'What would be done', line: 'tv oracle recover --dry-run' },
    { what: 'Restart the relay and wait for a new signal', line: 'tv oracle recover' },
  ],
  input: {},
  example: {
    facts: {
      unit: 'tempovault-oracle',
      wasActive: true,
      oracle: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
      limitMs: 210_000,
    },
    input: {},
  },
  onFailure: 'stop',
  concurrency: () => ({ touches: ['oracle key'] }),
  preflight: async (ctx) => {
    const preflight = new Preflight(ctx);
    const nodes = checkNodes(ctx, preflight);
    const service = checkRelayService(ctx, preflight);
    const key = checkRelayKey(ctx, preflight);
    preflight.check('signals', 'chain', async () => {
      const { signals } = await readPairSignals(ctx.chain(), namedPairs(ctx.settings));
      const wrong = signals.filter(({ health }) => health !== 'healthy').length;
      if (wrong > 0) return pass(`${count(wrong)} of ${count(signals.length)} pairs are stale or dead`);
      return warn(
        signals.length === 0 ? 'no pair is named in the settings' : 'all pairs are healthy: is it needed?',
      );
    });
    checkRelayCauses(ctx, preflight, key);
    return preflight.result({ nodes, service, key }, (known) => {
      const { oracle, limitMs } = known.key;
      return { ...known.service, oracle, limitMs };
    });
  },
  basis: ({ unit, oracle }) => ({ unit, oracle }),
  changes: ({ unit, wasActive }) => [stoppedMeanwhile(unit, wasActive)],
  consequence: ({ unit }) => `This stops and starts ${unit}.`,
  plan: (facts) => [
    ...during({ ...stoppedRelay, open: stop(facts), body: [], close: start(facts) }),
    followFirstSignal(facts, relayStarted),
  ],
  verify: async (ctx, { unit, oracle }) => {
    const preflight = new Preflight(ctx);
    preflight.check('service', 'host', async () => {
      const { activeState, mainPid } = await readUnit(ctx.host(), { unit });
      return activeState === 'active'
        ? pass(`${unit} active (${mainPid})`)
        : block(`${unit} is ${activeState}`, {
            next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
          });
    });
    preflight.check('signal', 'chain', async () => judgeFirstSignal(ctx, oracle));
    return preflight.checks();
  },
});

function stop({ unit, wasActive }: RecoverFacts): Step {
  return relayStopped.define({
    title: 'stop the oracle relay',
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    undoTitle: wasActive ? 'start the oracle relay' : 'leave the oracle relay stopped, as it was',
    idempotent: true,
    run: async (ctx) => {
      const { activeState } = await stopUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, state: activeState };
    },
    undo: async (ctx) => {
      if (wasActive) await startUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  });
}

function start({ unit }: RecoverFacts): Step {
  return relayStarted.define({
    title: 'start the oracle relay',
    command: `systemctl start ${unit}`,
    // A failing relay is better left running than stopped.
    effect: 'final',
    idempotent: true,
    run: async (ctx) => {
      // Noted before: a signal may be on the chain before the unit counts as started.
      const fromBlock = await firstBlock.once(ctx, async () => (await readHead(ctx.chain())).number + 1);
      const { mainPid } = await startUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, process: mainPid, fromBlock };
    },
  });
}
