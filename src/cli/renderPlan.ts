import type { Check } from '../runbook/check.ts';
import type { PlanData, StepData } from '../runbook/events.ts';
import type { Paint } from '../runbook/paint.ts';
import { shortened } from '../text/format.ts';
import { visibleWidth, wrap } from '../text/layout.ts';
import { outsideText } from '../text/outsideText.ts';
import { adviceLine, planLine } from './advice.ts';
import { renderChanges } from './renderChanges.ts';
import { renderChecks } from './renderCheck.ts';
import { renderEffects } from './renderEffects.ts';

/**
 * The steps in order, each with its undo and its equivalent shell line.
 * @param heading with the plan's id
 * @param all every step of the plan, which the numbers count, where some of them are done
 */
export function renderPlan(
  plan: PlanData,
  heading: string,
  paint: Paint,
  all: readonly StepData[] = plan.steps,
): string {
  if (plan.steps.length === 0) return `${paint.bold(heading)}: none`;
  const digits = String(all.length).length;
  const numberOf = (step: StepData) => all.findIndex(({ id }) => id === step.id) + 1;
  const steps = plan.steps.map((step) => {
    const indent = ' '.repeat(digits + 4);
    const title = wrap(shortened(outsideText(step.title), paint), paint.width - indent.length, indent);
    const number = numberOf(step);
    const head = `  ${String(number).padStart(digits)}  ${title}`;
    const undo = afterStep(step, paint);
    const space = paint.width - visibleWidth(head.slice(head.lastIndexOf('\n') + 1)) - visibleWidth(undo);
    const beside = space >= 2 ? ' '.repeat(space) : `\n${indent}`;
    const first = `${head}${undo === '' ? '' : `${beside}${paint.dim(undo)}`}`;
    if (step.command === '') return first;
    // On one line, however long, to be pasted.
    const command = `$ ${planLine({ ...step, command: outsideText(step.command, 4_000) }, paint)}`;
    return `${first}\n${indent}${paint.dim(command)}`;
  });
  const groups = new Set(plan.steps.flatMap(({ group }) => group ?? []));
  const together = [...groups].flatMap((group) => {
    const numbers = plan.steps.filter((step) => step.group === group).map(numberOf);
    if (numbers.length === 1) return [];
    const words = `Steps ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)} run at the same time.`;
    return [`  ${wrap(words, paint.width - 2, '  ')}`];
  });
  return [paint.bold(heading), ...steps, ...together].join('\n');
}

/** Checks and plan of a plan file, as the dry run that wrote it has shown them. */
export function renderApprovable(
  { plan, checks }: { readonly plan: PlanData; readonly checks: readonly Check[] },
  heading: string,
  paint: Paint,
): string {
  const consequence = wrap(shortened(outsideText(plan.consequence), paint), paint.width);
  return [
    `${paint.bold('Preflight')}\n${renderChecks(checks, paint)}`,
    renderPlan(plan, heading, paint),
    ...(plan.changes === undefined ? [] : [renderChanges(plan.changes, paint)]),
    ...(plan.effects === undefined ? [] : [renderEffects(plan.effects, paint)]),
    consequence,
  ].join('\n\n');
}

/** What would undo a step, or what becomes of its effect. */
export function afterStep({ undo, afterwards }: Pick<StepData, 'undo' | 'afterwards'>, paint: Paint): string {
  if (undo !== null) return `undo: ${outsideText(undo)}`;
  return afterwards === undefined ? '' : outsideText(adviceLine(afterwards, paint));
}
