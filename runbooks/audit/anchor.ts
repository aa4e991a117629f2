import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import { runProcess } from '../../src/host/runProcess.ts';
import { type Anchor, anchorsFile } from '../../src/journal/anchors.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { defineAction } from '../../src/runbook/define.ts';
import { outsideText } from '../../src/text/outsideText.ts';

/** Of the command, in milliseconds: it may go over a network. */
const limitMs = 30_000;

/** `tv audit anchor`: the head of the log, to where whoever can change this machine cannot change it. */
export default defineAction({
  title: 'Anchor the audit log',
  summary: 'Write the head of the audit log somewhere else',
  order: 3,
  risk: 'mild',
  description:
    'Verifies the audit log, and gives its head (number and hash of the last entry, one line of JSON) to the standard input of the command in the setting audit.anchor: a log of another machine, a write-once store, a mail. Once that command has ended with exit code 0, the line is kept beside the log too, and tv audit verify compares the log with it. A log that was changed before is not anchored. Run it by a timer.',
  examples: [{ what: 'Write the head to the place that the settings name', line: 'tv audit anchor' }],
  input: {},
  run: async (ctx) => {
    const { settings, audit, clock } = ctx;
    const words = settings.audit.anchor;
    if (words === undefined) {
      throw new TvError('config.setting-missing', 'No command is set that keeps the head of the audit log.', {
        exitCode: exitCodes.blocked,
        facts: { setting: 'audit.anchor' },
        next: 'set audit.anchor: {command: […]} in the configuration file; the command reads one line',
      });
    }
    const { intact, problems } = audit.verify();
    if (!intact) throw notAnchored('the audit log is not intact', { first: problems[0] });
    const last = audit.entries().at(-1);
    if (last === undefined) throw notAnchored('the audit log is empty', { log: audit.file });
    const anchor: Anchor = {
      ...{ schema: 'tv.anchor/1', at: clock.now().toISOString(), host: thisOperator().host },
      ...{ seq: last.seq, hash: last.hash },
    };
    const line = JSON.stringify(anchor);
    await hand(words, line, ctx.signal, withheldOf(settings.signers));
    const file = anchorsFile(settings.stateDirectory);
    ctx.appendLine(file, line);
    return { anchor, file, command: words[0] ?? '' };
  },
  render: ({ anchor: { seq, hash }, file, command }, paint) =>
    `${paint.ok('✔')} Entry ${seq} anchored by ${command}\n  ${hash}\n${paint.dim(`  ${file}`)}\n`,
});

/** Variables of this process that hold keys. */
function withheldOf(signers: Readonly<Record<string, { readonly kind: string } | undefined>>) {
  return Object.values(signers).flatMap((source) =>
    source?.kind === 'env' && 'name' in source ? [String(source.name)] : [],
  );
}

/** @throws TvError where the command did not take the line */
async function hand(
  words: readonly string[],
  line: string,
  signal: AbortSignal,
  withheld: readonly string[],
): Promise<void> {
  const [file = '', ...rest] = words;
  const end = await runProcess({
    ...{ file, arguments: rest, input: `${line}\n`, timeoutMs: limitMs, signal },
    ...{ kind: 'plain', withheld, killPrefix: [] },
  });
  const facts = { command: file };
  if (end.kind === 'not-started')
    throw notAnchored('the command cannot be started', { ...facts, reason: end.code });
  if (end.kind === 'timeout') throw notAnchored(`the command did not end within ${limitMs / 1_000} s`, facts);
  const { exitCode, stderr } = end.output;
  if (exitCode === 0) return;
  const said = outsideText(stderr.trim().split('\n').at(-1) ?? '');
  throw notAnchored(`the command ended with exit code ${exitCode}`, { ...facts, said: said || undefined });
}

function notAnchored(reason: string, facts: Readonly<Record<string, string | undefined>>): TvError {
  return new TvError('audit.not-anchored', `The audit log was not anchored: ${reason}.`, {
    facts,
    next: { tv: ['audit', 'verify'] },
  });
}
