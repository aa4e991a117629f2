import * as z from 'zod';
import { address } from '../src/config/address.ts';
import { isAdviceCommand } from '../src/errors/advice.ts';
import { UsageError } from '../src/errors/TvError.ts';
import type { Finding } from '../src/observe/findings.ts';
import { inked, mark, pluginExitCode } from '../src/observe/level.ts';
import { renderFindings } from '../src/observe/renderFindings.ts';
import { observe } from '../src/observe/world.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport, field } from '../src/runbook/define.ts';
import { shortened } from '../src/text/format.ts';
import { table, wrap } from '../src/text/layout.ts';
import { byHand } from './doctor.byHand.ts';
import { type Diagnosis, diagnose, inQuestion } from './doctor.diagnosis.ts';
import { probeAccount, probeCors, probeOrders } from './doctor.probes.ts';
import { collectSelf, renderSelf, type SelfReport } from './doctor.self.ts';
import { type Symptom, type SymptomName, symptomNames, symptoms } from './doctor.symptoms.ts';

/** `tv doctor [symptom]`: from a symptom to its cause and what mends it. */
export default defineReport({
  title: 'Doctor',
  summary: 'Find the cause of a symptom, and what mends it',
  withinLimit: true,
  section: '10',
  order: 3,
  description:
    'Goes through the questions of a diagnosis in their order, and answers each from the services, the chain, the database and the host: what is fine, what is not, with the evidence, the likely cause and the remedy, and what is unknown, since a source of it is silent or there is nothing to look at. Whatever else is found about what was read follows. Without a symptom it lists them all, with what is wrong now. `--fix` runs the first remedy that is a command of tv, which asks as it always does, and checks again. `--self` reports on tv itself instead: versions, paths, programs and settings of this machine, as a block for a bug report. It contacts nothing, works without a configuration or with a broken one, and prints no value of a setting or of an environment variable. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown.',
  byHand,
  examples: [
    { what: 'All symptoms at once', line: 'tv doctor' },
    {
      what: 'Why the page cannot place orders',
      line: 'tv doctor orders --origin https://app.tempovault.example',
    },
    {
      what: 'Find out why the indexer makes no progress, and mend it',
      line: 'tv doctor indexer-stuck --fix',
    },
    { what: 'What a bug report about tv needs', line: 'tv doctor --self' },
  ],
  input: {
    symptom: field('[symptom]', `one of: ${symptomNames.join(', ')}`, z.enum(symptomNames).optional()),
    origin: field(
      '--origin <url>',
      'with orders: the page that fails, such as https://app.tempovault.xyz',
      z.string().optional(),
    ),
    address: field(
      '--address <address>',
      'with insufficient-funds: the account that cannot pay',
      address().optional(),
    ),
    fix: field('--fix', 'run the first remedy, which asks, and check again', z.boolean().optional()),
    self: field('--self', 'report on tv itself on this machine, for a bug report', z.boolean().optional()),
  },
  settingsFor: ({ self }) => (self === true ? 'local' : undefined),
  collect: async (ctx, { symptom, origin, address: account, fix, self }): Promise<Diagnosis | SelfReport> => {
    if (self === true) {
      assertAlone({ symptom, origin, account, fix });
      return collectSelf(ctx);
    }
    const about: Symptom | undefined = symptom === undefined ? undefined : symptoms[symptom];
    const [world, probed] = await Promise.all([
      observe(ctx, about?.sources),
      symptom === undefined ? [] : probes(ctx, symptom, origin, account),
    ]);
    const { publicUrl, origins } = ctx.settings.api;
    const given = {
      ...{ origin, address: account, publicUrl },
      origins: origin === undefined && origins.length > 0 ? origins : undefined,
    };
    return diagnose({ symptom, world, probed, given, settings: ctx.settings, now: ctx.clock.now() });
  },
  render: (data, paint) => {
    if ('tv' in data) return renderSelf(data, paint.width);
    const { environment, title, level, answers, findings, next } = data;
    const head = `${paint.bold(title ?? 'Doctor')} · ${environment} · ${inked(level, level, paint)}`;
    const questions = answers.map(({ fine, level: of, findings: found, reason }) => {
      const why = [...(found.length === 0 ? [] : [found.join(', ')]), ...(reason === null ? [] : [reason])];
      const words =
        of === 'ok' ? fine : `${fine}: ${of === 'unknown' ? 'unknown' : 'not true'} (${why.join('; ')})`;
      return `  ${mark(of, paint)} ${wrap(shortened(words, paint), paint.width - 4, '    ')}`;
    });
    const list = symptomNames.map((name) => [`tv doctor ${name}`, symptoms[name].title]);
    return `${[
      head,
      '',
      ...(questions.length === 0 ? [] : [...questions, '']),
      findings.length === 0
        ? wrap(
            title === null
              ? 'Nothing is wrong now. For what users report:'
              : level === 'ok'
                ? 'Nothing of this is wrong now. The fault may be over: the journals of the services show what happened.'
                : 'What could be read is not wrong now. What is marked with ? is unknown.',
            paint.width,
          )
        : renderFindings(findings, paint),
      ...(title === null ? ['', table(list, '  ', paint.width)] : []),
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`;
  },
  exitCode: (data) => ('tv' in data ? 0 : pluginExitCode[data.level]),
  failureExitCode: pluginExitCode.unknown,
  remedy: (data, { fix }) => {
    if (fix !== true || 'tv' in data) return undefined;
    const { symptom, findings } = data;
    // Of what was asked for alone: what was found beside it is shown, and not mended unasked.
    const asked = symptom === null ? undefined : inQuestion(findings, data.answers);
    const [first] = findings
      .filter(({ id, cause }) => cause === null && (asked === undefined || asked.has(id)))
      .flatMap(({ next }) => next);
    return isAdviceCommand(first) && 'tv' in first && first.when === undefined ? first.tv : undefined;
  },
});

/** @throws UsageError where a flag of the diagnosis is given with `--self` */
function assertAlone(others: Readonly<Record<string, unknown>>): void {
  if (Object.values(others).every((value) => value === undefined)) return;
  throw new UsageError('usage.conflicting-flags', '--self reports on tv itself, and takes no symptom.', {
    next: { tv: ['doctor', '--self'] },
  });
}

async function probes(
  ctx: Context,
  symptom: SymptomName,
  origin: string | undefined,
  account: `0x${string}` | undefined,
): Promise<readonly Finding[]> {
  if (origin !== undefined && (symptom !== 'orders' || !URL.canParse(origin))) {
    throw new UsageError('usage.malformed-value', '--origin is the URL of a page, and belongs to orders.', {
      next: { tv: ['doctor', 'orders', '--origin', 'https://app.tempovault.xyz'] },
    });
  }
  if (account !== undefined && symptom !== 'insufficient-funds') {
    throw new UsageError('usage.conflicting-flags', '--address belongs to insufficient-funds.', {
      next: { tv: ['doctor', 'insufficient-funds', '--address', account] },
    });
  }
  const asked = [
    ...(symptom === 'orders' ? [probeOrders(ctx)] : []),
    ...(origin === undefined ? [] : [probeCors(ctx, new URL(origin).origin)]),
    ...(account === undefined ? [] : [probeAccount(ctx, account)]),
  ];
  return (await Promise.all(asked)).flat();
}
