import { ofCurrentState } from '../../../src/chain/currentState.ts';
import { changedSince, sinceFacts } from '../../../src/chain/intents/effects.ts';
import type { SentSignal } from '../../../src/chain/oracle/findSignal.ts';
import { readProtocol } from '../../../src/chain/readProtocol.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { onHost } from '../../../src/errors/advice.ts';
import { listProcesses } from '../../../src/host/listProcesses.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Preflight, pass } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';
import { isUp, type ResumeFacts } from './facts.ts';

/** Reads back that everything runs and the contracts can be used. */
export async function verify(ctx: StepContext, facts: ResumeFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const readBack = async () => {
    const { paused } = await readProtocol(ctx.chain());
    if (paused === false) return pass('not paused, read back from the contract');
    if (paused === undefined) return block('paused state unknown: no contract returns it');
    const sent = ctx.results['unpause'] as SentTransaction | null | undefined;
    const since =
      sent && facts.unpause
        ? await changedSince(ctx.chain(), { intent: facts.unpause.intent, hash: sent.hash })
        : undefined;
    if (!sent || since === undefined)
      return block('the protocol is still paused', { next: [{ tv: ['resume'] }] });
    return block('the protocol is paused: this run unpaused it, and it was paused again since', {
      facts: sinceFacts(since, sent.hash),
      next: [{ when: 'once the cause is gone', tv: ['emergency', 'resume'] }],
    });
  };
  preflight.check('protocol', 'chain', () => ofCurrentState(ctx, readBack));
  for (const { id, unit, program } of facts.services) {
    preflight.check(id, 'host', async () => {
      const [{ activeState, mainPid }, processes] = await Promise.all([
        readUnit(ctx.host(), { unit }),
        program === null ? undefined : listProcesses(ctx.host(), { program }),
      ]);
      const others = (processes ?? []).filter((process) => process.unit !== `${unit}.service`);
      if (activeState !== 'active') {
        return block(`${unit} is ${activeState}`, {
          next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
        });
      }
      if (others[0] !== undefined) return block(`process ${others[0].pid} runs ${program} beside ${unit}`);
      return pass(`${unit} active (${mainPid})`);
    });
  }
  // Nothing has waited for one.
  if (isUp(facts)) return preflight.checks();
  preflight.check('signal', 'chain', async () => {
    const signal = ctx.results['signal'] as SentSignal | null | undefined;
    if (signal === null || signal === undefined) return block('no new signal was seen');
    const { block: at, from } = signal;
    const own = sameAddress(from, facts.oracle);
    const words = `accepted in block ${count(at)}, sent by ${from}`;
    return own
      ? pass(words)
      : block(`${words}, not by ${facts.oracle}: another relay is at work`, {
          next: [{ tv: ['oracle', 'status'] }],
        });
  });
  return preflight.checks();
}
