/** One line of a procedure by hand, as the exported runbook prints it. */
export interface PrintedLine {
  readonly kind: 'Check' | 'Step' | 'Verify';
  readonly number: number;
  readonly run: string;
}

export interface PrintedProcedure {
  readonly title: string;
  /** The block of values to fill in; empty where there is none. */
  readonly variables: string;
  readonly lines: readonly PrintedLine[];
}

/** The exported runbook taken apart again: only what is printed counts. */
export function readRunbook(markdown: string): {
  readonly definitions: string;
  readonly procedures: readonly PrintedProcedure[];
} {
  const [intro = '', ...chapters] = markdown.split(/^### /m);
  const [, definitions = ''] = codeBlocks(intro);
  return { definitions, procedures: chapters.map(readProcedure) };
}

export function codeBlocks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
}

function readProcedure(text: string): PrintedProcedure {
  const [title = ''] = text.split('\n', 1);
  const [variables = ''] = codeBlocks(/^Replace every [\s\S]*?^```$/m.exec(text)?.[0] ?? '');
  const numbered = /^\*(Check|Step|Verify) (\d+)\.\* .*\n\n```bash\n([\s\S]*?)^```$/gm;
  const lines = [...text.matchAll(numbered)].map(([, kind, number, run = '']) => ({
    kind: kind as PrintedLine['kind'],
    number: Number(number),
    run,
  }));
  return { title, variables, lines };
}
