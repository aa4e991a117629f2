import { plainAdvice } from '../../errors/advice.ts';
import type { AnyCommand, CommandDefinition, Example, InputFields, Step } from '../../runbook/define.ts';
import { renderByHand } from './byHand.ts';
import { type DocumentEnvironment, renderDefinitions } from './definitions.ts';
import { sectionNotes, sectionTitles, slugOf } from './sections.ts';

const asking: Record<CommandDefinition['risk'], string> = {
  read: 'Reads only; never asks.',
  mild: 'Changes little that matters; does not ask.',
  moderate: 'Asks y/N at a terminal; a script answers with `--yes`.',
  severe: "Asks for the environment's name to be typed; a script answers with `--confirm NAME`.",
  sandbox: 'Touches the sandbox only.',
};

/** One procedure: when, the command of tv with its flags, what it does, and how to do the same by hand. */
export function describeProcedure(entry: CommandDefinition, command: AnyCommand, level = 2): string {
  const heading = '#'.repeat(level);
  const section = level === 2 && /^\d/.test(entry.section) ? ` (§${entry.section})` : '';
  const fields = Object.values(command.input as InputFields);
  const { byHand } = command;
  return [
    `${heading} ${command.title}${section}`,
    ...(byHand === undefined ? [] : [`**When to use it:** ${byHand.when}`]),
    `\`\`\`text\ntv ${entry.command}${fields.map(({ flag }) => ` ${usage(flag)}`).join('')}\n\`\`\``,
    command.description.trim(),
    asking[entry.risk],
    ...(fields.length === 0 ? [] : [fields.map(({ flag, help }) => `- \`${flag}\`: ${help}`).join('\n')]),
    ...(command.examples === undefined ? [] : [renderExamples(command.examples)]),
    ...(command.kind === 'runbook' ? [whatTvDoes(command)] : []),
    ...(byHand === undefined ? [] : [renderByHand(byHand)]),
  ].join('\n\n');
}

function renderExamples(examples: readonly Example[]): string {
  const lines = examples.map(({ what, line }) => `# ${what}\n${line}`);
  return `**Examples:**\n\n\`\`\`text\n${lines.join('\n\n')}\n\`\`\``;
}

/**
 * The whole document, in the order of the sections of the operations runbook.
 * @param environment whose values it has; undefined for lines that read or ask for them
 */
export async function describeAll(
  registry: readonly CommandDefinition[],
  version: string,
  environment?: DocumentEnvironment,
): Promise<string> {
  const commands = await Promise.all(
    registry.map(async (entry) => ({ entry, command: (await entry.load()).default })),
  );
  const chapter = (section: string, title: string) => {
    const own = commands.filter(({ entry }) => entry.section === section);
    const note = sectionNotes[section];
    return [
      `## ${title}`,
      ...(note === undefined ? [] : [note]),
      ...own.map(({ entry, command }) => describeProcedure(entry, command, 3)),
    ].join('\n\n');
  };
  const body = [
    renderDefinitions(environment),
    ...sectionTitles.map(([section, title]) => chapter(section, title)),
    chapter('', 'Around the procedures'),
  ].join('\n\n');
  const of = environment === undefined ? '' : `, for the environment \`${environment.name}\``;
  return `# TempoVault operations runbook

Made by \`tv runbook export\` (tv ${version})${of}. Do not edit it: export it again instead.

Every section has the command of \`tv\` first, and then **Without tv**: the same by hand, for the day on which
\`tv\` itself does not work. Keep a copy where you can read it on that day.

${contents(body)}

${body}
`;
}

/** Links as GitHub makes them: of a heading that occurs twice the second one ends in `-1`. */
function contents(markdown: string): string {
  const seen = new Map<string, number>();
  const lines = headings(markdown).map(({ level, title }) => {
    const slug = slugOf(title);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return { level, line: `[${title}](#${slug}${times === 0 ? '' : `-${times}`})` };
  });
  const shown = lines.filter(({ level }) => level === 2 || level === 3);
  return [
    '## Contents',
    shown.map(({ level, line }) => `${level === 2 ? '' : '  '}- ${line}`).join('\n'),
  ].join('\n\n');
}

/** All headings outside of code. */
export function headings(markdown: string): readonly { readonly level: number; readonly title: string }[] {
  const text = markdown.replace(/^```[\s\S]*?^```$/gm, '');
  return [...text.matchAll(/^(#+) (.+)$/gm)].map(([, marks = '', title = '']) => ({
    level: marks.length,
    title,
  }));
}

function whatTvDoes(command: Extract<AnyCommand, { kind: 'runbook' }>): string {
  const failure =
    command.onFailure === 'continue'
      ? 'A failed step does not hold up the others; all failures are reported at the end.'
      : 'A failed step stops the run. What can be rolled back without loss is rolled back at once; otherwise the run can be resumed or undone.';
  const { facts, input } = command.example;
  const plan = command.plan(facts, input);
  const steps = plan.map(({ title, undoTitle, afterwards }, index) => {
    const undo = undoTitle === undefined ? afterwards && plainAdvice(afterwards) : `undo: ${undoTitle}`;
    const words = `${index + 1}. ${title}${undo === undefined ? '' : ` (${undo})`}`;
    // Of the example: a reader must not take an address out of it.
    return words.replaceAll(/0x[0-9a-fA-F]{40,}/g, '0x…');
  });
  return [
    '**What tv does**, for example:',
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

/** `--from-block <block>` is needed or not by its brackets alone in usage lines. */
function usage(flag: string): string {
  return flag.startsWith('-') ? `[${flag.replace(/^-\w, /, '')}]` : flag;
}
