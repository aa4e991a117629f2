import type { PlanData } from '../runbook/events.ts';
import type { Paint } from '../runbook/paint.ts';
import { visibleWidth, wrap } from '../runbook/text.ts';

/** The steps in order, each with what would take it back and the shell line that it stands for. */
export function renderPlan(plan: PlanData, heading: string, paint: Paint): string {
  const digits = String(plan.steps.length).length;
  const steps = plan.steps.map((step, index) => {
    const head = `  ${String(index + 1).padStart(digits)}  ${step.title}`;
    const undo = step.undo ?? '';
    const space = paint.width - visibleWidth(head) - undo.length;
    const indent = ' '.repeat(digits + 4);
    const title =
      undo === ''
        ? head
        : space >= 2
          ? `${head}${' '.repeat(space)}${paint.dim(undo)}`
          : `${head}\n${indent}${paint.dim(undo)}`;
    const command = wrap(`$ ${step.command}`, paint.width - indent.length, `${indent}  `);
    return `${title}\n${indent}${paint.dim(command)}`;
  });
  return `${paint.bold(heading)} ${plan.id}\n${steps.join('\n')}`;
}
