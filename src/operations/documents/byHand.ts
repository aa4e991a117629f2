import type { ByHand, ByHandLine } from '../../runbook/define.ts';

/** A value of a section that the operator has to replace. No program takes it for a block, id or address. */
const toFillIn = 'FILL_IN';

/** "Without tv": fill in, check, do, verify, and what not to do. */
export function renderByHand({ variables = {}, checks, steps, verify, never }: ByHand): string {
  const names = Object.entries(variables);
  const assignments = names.map(([name, meaning]) => `${name}=${toFillIn}   # ${meaning}`);
  return [
    '**Without tv.** Paste the [definitions](#before-you-start) first.',
    ...(names.length === 0
      ? []
      : [`Replace every \`${toFillIn}\`, then paste:`, fence(assignments.join('\n'))]),
    ...lines(steps.length === 0 ? 'Check' : 'Check before', 'Check', checks),
    ...lines('Do', 'Step', steps),
    ...lines('Verify', 'Verify', verify),
    ...(never.length === 0 ? [] : ['**Do not:**', never.map((each) => `- ${each}`).join('\n')]),
  ].join('\n\n');
}

/** Not a Markdown list: a here-document in an indented block would not end when pasted. */
function lines(title: string, word: string, all: readonly ByHandLine[]): readonly string[] {
  if (all.length === 0) return [];
  return [
    `**${title}:**`,
    ...all.flatMap(({ what, run, expect }, index) => [
      `*${word} ${index + 1}.* ${what}`,
      fence(run),
      ...(expect === undefined ? [] : [`→ ${expect}`]),
    ]),
  ];
}

function fence(text: string): string {
  return `\`\`\`bash\n${text.trim()}\n\`\`\``;
}

/** A line for the contracts as deployed, and one for those that the original runbook describes. */
export function byContracts(deployed: string, original: string): string {
  return `case $CONTRACTS in
  deployed)
    ${deployed} ;;
  original)
    ${original} ;;
  *) echo 'CONTRACTS is unknown: paste the definitions again' >&2; false ;;
esac`;
}

/** The same for the database: one raw table `events`, or a block number in every table. */
export function bySchema(deployed: string, original: string): string {
  return byContracts(deployed, original).replaceAll('CONTRACTS', 'SCHEMA');
}
