import { setTimeout as sleep } from 'node:timers/promises';
import { signalFinder } from '../../../src/chain/oracle/findSignal.ts';
import { readHead } from '../../../src/chain/readHead.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { onHost } from '../../../src/errors/advice.ts';
import { answer } from '../../../src/errors/answer.ts';
import { TimeoutError } from '../../../src/errors/TvError.ts';
import { checkUnitsAsBefore } from '../../../src/host/checkAsBefore.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import { startUnit } from '../../../src/host/startUnit.ts';
import { stopUnit } from '../../../src/host/stopUnit.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { asJson } from '../../../src/runbook/json.ts';
import { duration } from '../../../src/text/format.ts';
import type { ResumeFacts } from './facts.ts';

/** Between two looks at the chain, in milliseconds. */
const lookMs = 500;
/** A relay that just came up may miss one round; on top, what it takes to start, in seconds. */
const rounds = 3;
const startSeconds = 30;

export function startService({ id, unit, active }: ResumeFacts['services'][number]): Step {
  return {
    id,
    title: `start ${unit}`,
    command: `systemctl start ${unit}`,
    effect: 'reversible',
    undoTitle: `stop ${unit}`,
    probe: async (ctx) =>
      (await readUnit(ctx.host(), { unit })).activeState === 'active' ? 'done' : 'not-done',
    run: async (ctx) => {
      const { mainPid } = await startUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, process: mainPid };
    },
    undo: async (ctx) => {
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive: active }]),
  };
}

/** A relay can be active and do nothing: what counts is a signal that the contract took. */
export function awaitSignal({ intervalSeconds, services, oracle }: ResumeFacts): Step {
  const limitMs = (rounds * intervalSeconds + startSeconds) * 1000;
  const unit = services.find(({ id }) => id === 'oracle')?.unit ?? 'tempovault-oracle';
  return {
    id: 'signal',
    title: 'await a new signal of the oracle',
    command: `journalctl -u ${unit} -f`,
    effect: 'reversible',
    afterwards: 'only looks',
    interruptible: true,
    probe: async () => 'not-done',
    run: async (ctx) => {
      const unpaused = ctx.results['unpause'] as SentTransaction | null | undefined;
      // The same block after a kill: what came meanwhile counts.
      const noted = ctx.notes['after-block'];
      const afterBlock =
        typeof noted === 'number' ? noted : (unpaused?.block ?? (await readHead(ctx.chain())).number);
      if (noted === undefined) ctx.note('after-block', afterBlock);
      const start = performance.now();
      const find = signalFinder(ctx.chain(), { oracle, afterBlock });
      for (;;) {
        const looked = await answer(find());
        if (looked.known && looked.value !== undefined) return asJson(looked.value);
        const waited = performance.now() - start;
        if (waited > limitMs) {
          if (!looked.known) {
            throw new TimeoutError(`Whether the oracle has sent a signal is unknown: ${looked.reason}.`, {
              facts: { 'looked after block': afterBlock },
              next: [{ tv: ['config', 'show'] }, { when: 'look again', tv: ['resume'] }],
            });
          }
          throw new TimeoutError(`The oracle has sent no signal within ${duration(limitMs)}.`, {
            facts: { 'its interval': `${intervalSeconds} s`, 'looked after block': afterBlock },
            next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`), { when: 'wait again', tv: ['resume'] }],
          });
        }
        await sleep(lookMs, undefined, { signal: ctx.signal });
      }
    },
  };
}
