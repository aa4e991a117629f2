import * as z from 'zod';
import { suggest } from '../../src/config/suggest.ts';
import type { Advice } from '../../src/errors/advice.ts';
import { exitCodes, TvError, UsageError } from '../../src/errors/TvError.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { evidenceFor, isReadable } from '../../src/observe/checklist/evidence.ts';
import { adviceFor, itemIds } from '../../src/observe/checklist/items.ts';
import { type JudgedItem, judgeItem, readRecords } from '../../src/observe/checklist/judge.ts';
import { renderItem } from '../../src/observe/checklist/render.ts';
import { SourceReader } from '../../src/observe/sourceReader.ts';
import type { ChecklistRecord } from '../../src/runbook/checklist.ts';
import { type ActionContext, defineAction, field } from '../../src/runbook/define.ts';
import { asJson } from '../../src/runbook/json.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { wrap } from '../../src/text/layout.ts';
import { outsideText } from '../../src/text/outsideText.ts';
import { withoutKeys } from '../../src/text/pastedKeys.ts';

/** Of a note, in characters: it is for a sentence or two, and for where the rest is. */
const longestNote = 400;

/** `tv checklist done ITEM --note TEXT`. */
export default defineAction({
  title: 'Record an item of the checklist',
  summary: 'Record that an item of the checklist was done',
  section: 'Security',
  order: 8,
  risk: 'mild',
  description:
    'Records who did an item of the security checklist, when, with a note, and with what tv can read about the item at that moment. Records are only ever added, each durable and chained to the one before, and the call is in the audit log. Nothing else is changed, and nothing is asked. Where what tv reads says that the item is not done, it is recorded and stays due: exit code 5.',
  examples: [
    {
      what: 'Record a review',
      line: 'tv checklist done access-logs --note "no new sources; report in OPS-311"',
    },
  ],
  input: {
    item: field('<item>', `one of: ${itemIds.join(', ')}`, z.string()),
    note: field(
      '--note <text>',
      `what was done and found, or where that is written; at most ${longestNote} characters`,
      z.string().optional(),
    ),
  },
  run: async (ctx, { item, note }) => {
    const id = itemOf(item);
    const text = noteOf(id, note);
    if (isReadable(id)) ctx.tell(`reading what shows whether ${id} is done …`);
    const reader = new SourceReader(ctx);
    const evidence = await evidenceFor(id, reader);
    ctx.signal.throwIfAborted();
    const { environment } = ctx.settings;
    const record = {
      environment,
      operator: thisOperator(),
      item: id,
      note: text,
      evidence: asJson(evidence),
    };
    const entry = await ctx.checklist.append(record);
    const unaudited = await audit(ctx, record, evidence.kind === 'contradicted');
    if (unaudited !== undefined) ctx.tell(`! recorded, but not in the audit log: ${unaudited}`);
    const judged = judgeItem(id, readRecords(ctx), evidence, ctx.clock.now());
    return {
      environment,
      log: ctx.checklist.file,
      record: entry.seq,
      item: judged,
      next: nextOf(judged, ctx.checklist.file),
    };
  },
  render: ({ record, log, item, next }, paint) =>
    `${[
      headOf(record, item, paint),
      renderItem(item, paint),
      paint.dim(`  ${log}`),
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`,
  exitCode: ({ item: { state } }) =>
    state === 'recorded' || state === 'proven' ? exitCodes.ok : exitCodes.unverified,
});

function headOf(record: number, { state, reason }: JudgedItem, paint: Paint): string {
  const wrapped = (text: string) => wrap(text, paint.width - 2, '  ');
  switch (state) {
    case 'proven':
    case 'recorded':
      return `${paint.ok('✔')} Recorded (${record}).`;
    case 'due':
      return `${paint.warn('!')} ${wrapped(`Recorded (${record}). What tv reads says that the item is not done: it stays due.`)}`;
    case 'unknown':
      return `${paint.warn('?')} ${wrapped(`Recorded (${record}), but the records cannot be used: ${reason ?? 'unknown'}.`)}`;
  }
}

function nextOf({ id, state, evidence }: JudgedItem, log: string): readonly Advice[] {
  if (state === 'due') return adviceFor(id, evidence);
  return state === 'unknown' ? [`compare ${log} with your copy of it`] : [];
}

function itemOf(written: string) {
  const id = itemIds.find((each) => each === written.trim().toLowerCase());
  if (id !== undefined) return id;
  const near = suggest(written, itemIds);
  throw new UsageError('usage.unknown-name', 'The checklist has no such item.', {
    facts: {
      given: withoutKeys(written),
      ...(near === undefined ? {} : { 'did you mean': near }),
      items: itemIds.join(', '),
    },
    next: { tv: ['checklist'] },
  });
}

/** Refused rather than cut: what is cut off was perhaps what mattered. */
function noteOf(id: string, written: string | undefined): string {
  const next = { tv: ['checklist', 'done', id, '--note', '…'] };
  const note = withoutKeys(outsideText((written ?? '').trim(), longestNote * 10));
  if (note === '') {
    throw new UsageError('usage.missing-value', 'A note is needed: what was done and found.', { next });
  }
  if ([...note].length <= longestNote) return note;
  throw new UsageError('usage.malformed-value', 'The note is too long.', {
    facts: { characters: [...note].length, most: longestNote },
    next: ['write the report elsewhere, and note where it is'],
  });
}

/** @returns why the call is not in the audit log; undefined where it is */
async function audit(
  ctx: ActionContext,
  { environment, operator, item, note }: ChecklistRecord,
  isContradicted: boolean,
): Promise<string | undefined> {
  try {
    await ctx.audit.append({
      ...{ command: 'checklist done', environment, operator, input: { item, note } },
      ...{ run: null, plan: null, overrides: [], reason: note },
      outcome: isContradicted ? 'unverified' : 'recorded',
      exitCode: isContradicted ? exitCodes.unverified : exitCodes.ok,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return error.message;
  }
}
