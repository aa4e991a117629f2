import { plainAdvice } from '../../errors/advice.ts';
import type { AnyCommand, CommandDefinition, InputFields, Step } from '../../runbook/define.ts';

const asking: Record<CommandDefinition['risk'], string> = {
  read: 'Reads only; never asks.',
  mild: 'Changes little that matters; does not ask.',
  moderate: 'Asks y/N at a terminal; a script answers with `--yes`.',
  severe: "Asks for the environment's name to be typed; a script answers with `--confirm NAME`.",
  sandbox: 'Touches the sandbox only.',
};

/** One chapter: why and when, risk, flags, and for procedures with steps how they run. */
export function describeProcedure(entry: CommandDefinition, command: AnyCommand): string {
  const section = /^\d/.test(entry.section) ? ` (§${entry.section})` : '';
  const fields = Object.values(command.input as InputFields);
  return [
    `## ${command.title}${section}`,
    `\`\`\`\ntv ${entry.command}${fields.map(({ flag }) => ` ${usage(flag)}`).join('')}\n\`\`\``,
    command.description.trim(),
    asking[entry.risk],
    ...(fields.length === 0 ? [] : [fields.map(({ flag, help }) => `- \`${flag}\`: ${help}`).join('\n')]),
    ...(command.kind === 'runbook' ? [course(command)] : []),
    '',
  ].join('\n\n');
}

/** The whole document, in the order of the registry. */
export async function describeAll(registry: readonly CommandDefinition[], version: string): Promise<string> {
  const commands = await Promise.all(
    registry.map(async (entry) => [entry, (await entry.load()).default] as const),
  );
  const procedures = commands.filter(([entry]) => entry.section !== '');
  const tools = commands.filter(([entry]) => entry.section === '');
  return [
    `# TempoVault operations runbook\n\nMade by \`tv runbook export\` (tv ${version}) from the definitions that tv itself runs by. Do not edit it; it is written anew.`,
    ...procedures.map(([entry, command]) => describeProcedure(entry, command)),
    '# Around the procedures',
    ...tools.map(([entry, command]) => describeProcedure(entry, command)),
  ].join('\n\n');
}

function course(command: Extract<AnyCommand, { kind: 'runbook' }>): string {
  const failure =
    command.onFailure === 'carry-on'
      ? 'A failed step does not hold up the others; all failures are reported at the end.'
      : 'A failed step stops the run. What can be put back without loss is put back at once; otherwise the run can be resumed or undone.';
  const { facts, input } = command.example;
  const named = withPlaceholders({ facts, input });
  const plan = command.plan(facts, input);
  const steps = plan.map(({ title, command: line, undoTitle, afterwards }, index) => {
    const undo = undoTitle === undefined ? afterwards && plainAdvice(afterwards) : `undo: ${undoTitle}`;
    return named(`${index + 1}. ${title}${undo === undefined ? '' : ` (${undo})`}\n   \`${line}\``);
  });
  return [
    'For example:',
    steps.join('\n'),
    failure,
    `After a kill, a reboot or a lost session: ${afterACut(plan)} Exit 0 means verified.`,
  ].join('\n\n');
}

/** What is possible with a run that was cut off. */
function afterACut(plan: readonly Pick<Step, 'effect' | 'undoAlways'>[]): string {
  const final = plan.findIndex(({ effect }) => effect === 'final');
  if (final === -1) return '`tv resume` finishes it, `tv runs undo` undoes it.';
  const always = plan.some(({ undoAlways }) => undoAlways);
  if (final === 0 && !always) return '`tv resume` finishes it. It cannot be undone: step 1 is irreversible.';
  const rest = always ? 'only what must not remain is undone' : 'it can only be finished';
  return `\`tv resume\` finishes it. \`tv runs undo\` undoes it until step ${final + 1} has begun, which is irreversible; after that ${rest}.`;
}

/** An address, or a hash, id or calldata; also shortened, as screens show them. */
const hexValue = /0x[0-9a-fA-F]{40,}|0x[0-9a-fA-F]{4}…[0-9a-fA-F]{4}/g;

/**
 * Replaces the addresses and ids of an example by `$NAME`, by the names that its facts give them: nobody
 * must be able to send anything to an address that only an example made up.
 */
export function withPlaceholders(example: unknown): (text: string) => string {
  const names = new Map<string, string>();
  const visit = (value: unknown, name: string): void => {
    if (typeof value === 'string' && /^0x[0-9a-fA-F]{40,}$/.test(value)) {
      const key = value.toLowerCase();
      const taken = [...names.values()];
      const number = taken.filter((other) => other.replace(/_\d+$/, '') === name).length + 1;
      if (!names.has(key)) names.set(key, number === 1 ? name : `${name}_${number}`);
    } else if (Array.isArray(value)) for (const each of value) visit(each, name);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) visit(each, constantCase(key));
    }
  };
  visit(example, 'VALUE');
  return (text) =>
    text.replace(hexValue, (found) => {
      const [head = '', tail = ''] = found.toLowerCase().split('…');
      const known = [...names].find(([value]) =>
        found.includes('…') ? value.startsWith(head) && value.endsWith(tail) : value === head,
      );
      return `$${known?.[1] ?? (found.length === 42 ? 'ADDRESS' : 'HEX')}`;
    });
}

function constantCase(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/\W/g, '_')
    .toUpperCase();
}

/** `--from-block <block>` is needed or not by its brackets alone in usage lines. */
function usage(flag: string): string {
  return flag.startsWith('-') ? `[${flag.replace(/^-\w, /, '')}]` : flag;
}
