import * as z from 'zod';
import { type Advice, distinctAdvice } from '../src/errors/advice.ts';
import { evidenceFor } from '../src/observe/checklist/evidence.ts';
import { adviceFor, itemIds, items, periodNames } from '../src/observe/checklist/items.ts';
import { inWords, type JudgedItem, judgeItem, readRecords } from '../src/observe/checklist/judge.ts';
import { renderItem } from '../src/observe/checklist/render.ts';
import { SourceReader } from '../src/observe/sourceReader.ts';
import { defineReport, field } from '../src/runbook/define.ts';
import { wrap } from '../src/text/layout.ts';
import { byHand } from './checklist.byHand.ts';

const mostCommands = 3;

/** `tv checklist [period]`: what is due, who did what when, and what can be proven. */
export default defineReport({
  title: 'Security checklist',
  summary: 'Show what is due, who did it last, and the proof',
  section: 'Security',
  order: 7,
  description: `Shows the items of the security checklist with the day on which each is due: who recorded it last, when and with which note, and what tv can read about it now.

An item is proven where what was read shows it: a trial restore of a backup that is not older than a month (\`tv db verify --restore\`); the holders of all roles on the chain, as the settings \`roles.…\` have them; the time at which the oracle key was authorised on the chain, against \`oracle.keyMaxAgeDays\`; the certificate of \`api.publicUrl\`, against \`monitor.certificateDays\`. What was read outranks what is recorded. For the review of access logs it shows the counts of \`host.accessLog\` by status and source against the 30 days before, and failed logins over ssh; for dependencies the outdated Debian packages, by the package lists that the host has. Evidence that cannot be read is unknown, with its reason, and proves nothing.

Records are in the state directory of this machine (\`checklist.jsonl\`), chained like the audit log. \`tv status\` and \`tv monitor\` show what is due.`,
  byHand,
  examples: [
    { what: 'All items and their due dates', line: 'tv checklist' },
    { what: 'What is due every month', line: 'tv checklist monthly' },
  ],
  input: {
    period: field(
      '[period]',
      `one of: ${periodNames.join(', ')} (default: all)`,
      z.enum(periodNames).optional(),
    ),
  },
  collect: async (ctx, { period }) => {
    const reader = new SourceReader(ctx);
    const records = readRecords(ctx);
    const wanted = itemIds.filter((id) => period === undefined || items[id].period === period);
    const judged = await Promise.all(
      wanted.map(async (id) => judgeItem(id, records, await evidenceFor(id, reader), ctx.clock.now())),
    );
    return {
      environment: ctx.settings.environment,
      log: ctx.checklist.file,
      records: records.known ? records.value.total : null,
      problem: records.known ? null : records.reason,
      items: judged,
      next: nextOf(judged),
    };
  },
  render: ({ environment, log, records, problem, items: all, next }, paint) => {
    const groups = periodNames.flatMap((period) => {
      const own = all.filter((item) => item.period === period);
      const title = `${period[0]?.toUpperCase()}${period.slice(1)}`;
      return own.length === 0
        ? []
        : [`${paint.bold(title)}\n${own.map((item) => renderItem(item, paint)).join('\n')}`];
    });
    const where =
      problem === null
        ? records === 0
          ? `Nothing is recorded in ${log}.`
          : `Records: ${log}`
        : `The records cannot be used: ${problem}.`;
    const ink = problem === null ? paint.dim : paint.warn;
    return `${[
      `${paint.bold('Security checklist')} · ${environment} · ${inWords(all)}`,
      ...groups,
      ink(wrap(where, paint.width)),
      ...(next.length === 0 ? [] : [paint.next(next)]),
    ].join('\n\n')}\n`;
  },
});

/** What tv itself does for items that are due, the most frequent ones first; then how one of the others is recorded. */
function nextOf(all: readonly JudgedItem[]): readonly Advice[] {
  const advice = all
    .filter(({ state }) => state !== 'proven' && state !== 'recorded')
    .flatMap(({ id, evidence }) => adviceFor(id, evidence));
  const isRecord = (each: Advice) => typeof each !== 'string' && each.when !== undefined;
  const own = distinctAdvice(advice.filter((each) => !isRecord(each))).slice(0, mostCommands - 1);
  return [...own, ...advice.filter(isRecord).slice(0, 1)];
}
