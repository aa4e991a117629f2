import * as z from 'zod';
import { anchorsFile, compareAnchors, readAnchors } from '../../src/journal/anchors.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import { howMany } from '../../src/text/format.ts';
import { wrap } from '../../src/text/layout.ts';

/** `tv audit verify`: exit 1 where the chain is broken. */
export default defineReport({
  title: 'Verify the audit log',
  summary: 'Check that no audit entry was changed or removed',
  order: 2,
  description:
    'Walks the hash chain of the audit log and names every entry that was changed, removed, added or moved. The log is then compared with the anchors that tv audit anchor has kept; whoever can write the log could write those too, so --anchors takes what the command of the setting audit.anchor has kept elsewhere.',
  examples: [
    {
      what: 'Compare it with anchors that are kept elsewhere',
      line: 'tv audit verify --anchors /mnt/anchors/tv.jsonl',
    },
  ],
  input: {
    anchors: field(
      '--anchors <file>',
      'anchors kept elsewhere, one line of JSON each, to compare with as well',
      z.string().optional(),
    ),
  },
  collect: async ({ audit, settings }, { anchors }) => {
    const chain = audit.verify();
    const kept = readAnchors(anchorsFile(settings.stateDirectory), 'none');
    const given = anchors === undefined ? undefined : readAnchors(anchors, 'error');
    const all = [...kept.anchors, ...(given?.anchors ?? [])];
    const unreadable = kept.unreadable + (given?.unreadable ?? 0);
    const problems = [
      ...chain.problems,
      ...new Set(compareAnchors(all, audit.entries())),
      ...(unreadable === 0 ? [] : [`${howMany(unreadable, 'line')} of the anchors cannot be read`]),
    ];
    return {
      log: audit.file,
      entries: chain.entries,
      intact: problems.length === 0,
      problems,
      anchors: all.length,
    };
  },
  render: ({ log, entries, intact, problems, anchors }, paint) => {
    const compared =
      anchors === 0 ? '' : `, as ${howMany(anchors, 'anchor')} ${anchors === 1 ? 'has' : 'have'} it`;
    if (intact)
      return `${paint.ok('✔')} ${entries} entries, unbroken from the first to the last${compared}\n${paint.dim(`  ${log}`)}\n`;
    const lines = problems.map((line) => `  ${wrap(line, paint.width - 2, '  ')}`);
    return `${paint.bad('✖')} The audit log was tampered with, or damaged.\n  ${log}\n${lines.join('\n')}\n${paint.next(['compare it with your copy of the log, and treat this host as suspect'])}\n`;
  },
  exitCode: ({ intact }) => (intact ? 0 : 1),
});
