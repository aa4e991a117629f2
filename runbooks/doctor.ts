import * as z from 'zod';
import { address } from '../src/config/address.ts';
import { type Advice, isAdviceCommand } from '../src/errors/advice.ts';
import { UsageError } from '../src/errors/TvError.ts';
import { explainedBy, type Finding, judge, nextOf } from '../src/observe/findings.ts';
import { inked, type Level, mark, pluginExitCode, worstLevel } from '../src/observe/level.ts';
import { renderFindings } from '../src/observe/renderFindings.ts';
import { unreadable } from '../src/observe/rules.ts';
import { observe, unseenIn, type World } from '../src/observe/world.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport, field } from '../src/runbook/define.ts';
import { shortened } from '../src/text/format.ts';
import { table, wrap } from '../src/text/layout.ts';
import { byHand } from './doctor.byHand.ts';
import { probeAccount, probeCors, probeOrders } from './doctor.probes.ts';
import { collectSelf, renderSelf, type SelfReport } from './doctor.self.ts';
import { type Question, type Symptom, type SymptomName, symptomNames, symptoms } from './doctor.symptoms.ts';

interface Answered {
  readonly fine: string;
  readonly level: Level;
  /** What says otherwise, and sources that said nothing. */
  readonly findings: readonly string[];
  /** Why it is unknown where no finding says so: there was nothing to look at. */
  readonly reason: string | null;
}

/** What the questions of a diagnosis have been answered with. */
interface Diagnosis {
  readonly environment: string;
  readonly chainId: number | null;
  readonly symptom: SymptomName | null;
  readonly title: string | null;
  readonly level: Level;
  readonly answers: readonly Answered[];
  readonly findings: readonly Finding[];
  readonly next: readonly Advice[];
}

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
    const { environment, chain } = ctx.settings;
    const about: Symptom | undefined = symptom === undefined ? undefined : symptoms[symptom];
    const [world, probed] = await Promise.all([
      observe(ctx, about?.sources),
      symptom === undefined ? [] : probes(ctx, symptom, origin, account),
    ]);
    const judged = judge({ world, settings: ctx.settings, now: ctx.clock.now() });
    // The origin given is asked about in the place of those of the settings.
    const all = [...judged.findings.filter(({ id }) => !probed.some((other) => other.id === id)), ...probed];
    const { publicUrl, origins } = ctx.settings.api;
    const given = {
      ...{ origin, address: account, publicUrl },
      origins: origin === undefined && origins.length > 0 ? origins : undefined,
    };
    const answers = (about?.questions ?? [])
      .filter(({ given: needed }) => needed === undefined || given[needed] !== undefined)
      .map((question) => answerOf(question, all, world));
    const findings = inQuestionFirst(all, answers);
    return {
      environment,
      chainId: chain.id ?? null,
      symptom: symptom ?? null,
      title: about?.title ?? null,
      level: worstLevel([...findings, ...answers].map(({ level }) => level)),
      answers,
      findings,
      next: nextOf({ findings }),
    };
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

/** A question is as bad as the worst that says otherwise, and unknown at least where a source of it showed nothing. */
function answerOf({ fine, sources, rules }: Question, all: readonly Finding[], world: World): Answered {
  const silences = sources.flatMap((id) => [`unknown-${id}`, unreadable[id].away ?? '']);
  const found = all.filter(
    ({ id }) => silences.includes(id) || rules.some((rule) => id === rule || id.startsWith(`${rule}:`)),
  );
  const ids = found.map(({ id }) => id);
  const reasons = sources.flatMap((id) => {
    // Where a finding reports the silence, it has the reason.
    const isFound = ids.includes(`unknown-${id}`) || ids.includes(unreadable[id].away ?? '');
    const reason = isFound ? undefined : unseenIn(world, id);
    return reason === undefined ? [] : [reason];
  });
  const levels = [...found.map(({ level }) => level), ...reasons.map(() => 'unknown' as const)];
  return { fine, level: worstLevel(levels), findings: ids, reason: reasons.join('; ') || null };
}

/** What the questions name, and what explains it. */
function inQuestion(
  all: readonly Pick<Finding, 'id' | 'cause'>[],
  answers: readonly Pick<Answered, 'findings'>[],
): ReadonlySet<string> {
  const wanted = new Set(answers.flatMap(({ findings }) => findings));
  for (const id of wanted) {
    const cause = all.find((each) => each.id === id)?.cause;
    // A set yields what is added while it is walked.
    if (cause != null) wanted.add(cause);
  }
  return wanted;
}

/** All that was found, each cause followed by what it explains: first what the questions are about. */
function inQuestionFirst(all: readonly Finding[], answers: readonly Answered[]): readonly Finding[] {
  const asked = inQuestion(all, answers);
  const groups = all
    .filter(({ cause }) => cause === null)
    .map((root) => [root, ...explainedBy(root.id, all)]);
  const isAsked = (group: readonly Finding[]) => group.some(({ id }) => asked.has(id));
  return [...groups.filter(isAsked), ...groups.filter((group) => !isAsked(group))].flat();
}
