import { onHost } from '../../errors/advice.ts';
import { withoutBeside } from '../../host/besideUnit.ts';
import { listProcesses } from '../../host/listProcesses.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { UnitState } from '../../host/readUnits.ts';
import type { Check, Finding } from '../../runbook/check.ts';
import type { StepContext } from '../../runbook/define.ts';
import { block, Preflight, pass, warn } from '../../runbook/preflight.ts';
import { describeProcess, endOthers, serviceUnit } from './checkUnit.ts';
import { type ServiceFacts, serviceTitles } from './service.ts';
import { stopped } from './steps.ts';

/** Reads back that the unit is inactive, and whether a process of its program still runs. */
export async function verifyDown(ctx: StepContext, facts: ServiceFacts): Promise<readonly Check[]> {
  const { unit, program, service } = facts;
  const preflight = new Preflight(ctx);
  preflight.check('service', 'host', async () =>
    judgeDown({ unit, state: await readUnit(ctx.host(), { unit }), byThisRun: stopped.isDone(ctx) }),
  );
  preflight.check('processes', 'host', async () => {
    const left = withoutBeside(await listProcesses(ctx.host(), { program }), unit);
    if (left.length === 0) return pass(`no process of ${serviceTitles[service]} is left`);
    const own = left.filter((process) => process.unit === serviceUnit(unit));
    const words = {
      facts: Object.fromEntries(left.map((each) => [`process ${each.pid}`, describeProcess(each)])),
      next: endOthers(unit, left),
    };
    // Those outside the unit were on the screen before the question.
    return own.length === 0
      ? warn(`${serviceTitles[service]} still runs outside ${unit}`, words)
      : block(`processes of ${unit} are left`, words);
  });
  return preflight.checks();
}

/** @param byThisRun false where it did not run before, so that an old failure is not of this run */
export function judgeDown({
  unit,
  state,
  byThisRun,
}: {
  readonly unit: string;
  readonly state: UnitState;
  readonly byThisRun: boolean;
}): Finding {
  const { activeState, subState, mainPid, result } = state;
  if (mainPid === 0 && activeState === 'inactive') return pass(`${unit} inactive, its main process is gone`);
  if (mainPid === 0 && activeState === 'failed') {
    const words = `${unit} does not run, and systemd counts it as failed (${result})`;
    if (!byThisRun) return warn(words);
    return block(result === 'timeout' ? `${words}: it did not end in time and was killed` : words, {
      next: [
        onHost(`journalctl -u ${unit} -n 50 --no-pager`),
        onHost(`systemctl reset-failed ${unit}`, 'to clear the failure'),
      ],
    });
  }
  const process = mainPid === 0 ? '' : `, process ${mainPid}`;
  return block(`${unit} is ${activeState} (${subState})${process}`, {
    next: [onHost(`systemctl status ${unit} --no-pager`)],
  });
}
