import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { lastLine } from '../host/explainFailure.ts';
import { findTv } from '../host/schedule/findTv.ts';
import { readSchedule } from '../host/schedule/readSchedule.ts';
import { readUnitFiles } from '../host/schedule/readUnitFiles.ts';
import type { ScheduledCall, UnitFile } from '../host/schedule/scheduleUnits.ts';
import { ChangedSince } from '../runbook/changedSince.ts';
import type { Check, Finding } from '../runbook/check.ts';
import type { Context } from '../runbook/context.ts';
import type { StepContext } from '../runbook/define.ts';
import { block, Preflight, pass } from '../runbook/preflight.ts';
import { ago, localTime } from '../text/format.ts';

/** What the preflight of `tv db schedule install` has found and the plan is made from. */
export type InstallFacts = {
  readonly environment: string;
  readonly files: readonly (UnitFile & {
    /** What stood there; null where nothing did. */
    readonly before: string | null;
  })[];
  readonly timers: readonly { readonly unit: string; readonly wasEnabled: boolean }[];
};

/** What the preflight of `tv db schedule remove` has found. */
export type RemoveFacts = {
  readonly files: readonly UnitFile[];
  readonly timers: readonly { readonly unit: string; readonly wasEnabled: boolean }[];
};

/** Root's alone, and gone with a reboot. */
const lock = '/run/tempovault-db.lock';

/** Settings in which the scheduled tv has to agree with this one. */
const decisive = ['database.url', 'backup.directory'] as const;

/**
 * How the host itself has to call tv, so that it works on this environment. Proven by having it read
 * its settings there, with nothing but the variables that the schedule will give it.
 * @param parameters.tv a program of the host, instead of this one
 * @throws TvError where the host has no tv, or its tv would work on something else
 */
export async function scheduledCall(
  ctx: Context,
  parameters: { readonly tv: string | undefined },
): Promise<ScheduledCall> {
  const host = ctx.host();
  const { stdout } = await host.run(['sh', '-c', 'command -v flock; command -v tv; echo "$PATH"']);
  const lines = stdout.trim().split('\n');
  const path = lines.at(-1) ?? '';
  const [flock, tvThere] = ['/flock', '/tv'].map((end) => lines.find((line) => line.endsWith(end)));
  if (flock === undefined) {
    throw new TvError(
      'host.command-missing',
      'The host has no flock, which keeps scheduled runs from overlapping.',
      {
        next: onHost('apt-get install util-linux'),
      },
    );
  }
  const here = [process.execPath, process.argv[1] ?? 'tv'];
  const candidates =
    parameters.tv === undefined ? [here, ...(tvThere === undefined ? [] : [[tvThere]])] : [[parameters.tv]];
  const { words } = await findTv(host, { candidates });
  const config = await configOnHost(ctx);
  const call: ScheduledCall = {
    environment: ctx.settings.environment,
    lock,
    flock,
    tv: [
      ...words,
      ...['-e', ctx.settings.environment],
      ...(config === undefined ? [] : ['--config', config]),
      // It runs on the host itself, whichever way leads there from here.
      ...['--set', 'host.prefix=[]'],
    ],
    // The programs of PostgreSQL are not always where systemd looks.
    variables: { PATH: path },
  };
  await assertSameSettings(ctx, call);
  return call;
}

/** The configuration file that this tv uses, where the host has one of that name. */
async function configOnHost(ctx: Context): Promise<string | undefined> {
  const used = ctx.settingsOrigins.files.find(({ role, state }) => role !== '.env' && state === 'used');
  if (used === undefined) return undefined;
  const { exitCode } = await ctx.host().run(['test', '-r', used.path]);
  return exitCode === 0 ? used.path : undefined;
}

async function assertSameSettings(ctx: Context, { tv, variables }: ScheduledCall): Promise<void> {
  const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const command = [...tv, 'config', 'show', '--json'];
  const { exitCode, stdout, stderr } = await ctx.host().run(['env', '-i', ...given, ...command]);
  const next = [`run it by hand on the host: ${command.join(' ')}`];
  const answer = exitCode === 0 ? parse(stdout) : undefined;
  if (answer === undefined) {
    throw new TvError(
      'schedule.settings-unreadable',
      "The host's tv cannot read the settings of this environment.",
      {
        facts: { said: lastLine(stderr) || `exit code ${exitCode}` },
        next,
      },
    );
  }
  const { values } = ctx.settingsOrigins;
  const other = decisive.flatMap((key) => {
    const ours = values.find((value) => value.key === key)?.shown ?? '';
    const theirs = answer.settings?.find((value) => value.key === key)?.shown ?? '';
    return ours === theirs ? [] : [[key, `${ours || 'not set'} here, ${theirs || 'not set'} on the host`]];
  });
  if (other.length > 0) {
    throw new TvError('schedule.other-target', "The host's tv would work on something else than this one.", {
      facts: Object.fromEntries(other),
      next: ['put the settings into a configuration file of the host: /etc/tempovault/tv.yaml', ...next],
    });
  }
}

interface Answer {
  readonly settings?: readonly { readonly key: string; readonly shown: string }[];
}

function parse(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}

/** The files are there byte for byte, and systemd says of each timer when it is next due. */
export async function verifyInstalled(ctx: StepContext, { files }: InstallFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('units', 'host', async () => {
    const found = await readUnitFiles(ctx.host());
    const wrong = files.filter(
      ({ path, text }) => !found.some((one) => one.path === path && one.text === text),
    );
    return wrong.length === 0
      ? pass(`${files.length} files, as written`)
      : block('unit files are not what was written', {
          facts: { files: wrong.map(({ path }) => path).join(', ') },
        });
  });
  preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const idle = jobs.filter(
      ({ active, enabled, next, running }) => !active || !enabled || (next === undefined && !running),
    );
    if (jobs.length === 0 || idle.length > 0) {
      return block('timers are not waiting for their time', {
        facts: { timers: idle.map(({ timer }) => timer).join(', ') || 'none installed' },
        next: [onHost('systemctl list-timers --all')],
      });
    }
    const now = ctx.clock.now();
    const first = jobs.flatMap(({ name, next }) => (next === undefined ? [] : [{ name, next }]));
    return pass(first.map(({ name, next }) => `${name} ${ago(next, now)} (${localTime(next)})`).join('; '));
  });
  return preflight.checks();
}

/**
 * Before unit files are written or deleted.
 * @param files of each, what it was before the run and what the run makes of it; null for no file
 * @throws ChangedSince where one is neither
 */
export async function assertUnitFilesOfRun(
  ctx: StepContext,
  files: readonly { readonly path: string; readonly either: readonly (string | null)[] }[],
): Promise<void> {
  const found = await readUnitFiles(ctx.host());
  const changed = files.filter(
    ({ path, either }) => !either.includes(found.find((one) => one.path === path)?.text ?? null),
  );
  if (changed.length === 0) return;
  throw new ChangedSince(
    ctx,
    'Unit files of the schedule are neither as before nor as this run writes them',
    {
      files: changed.map(({ path }) => path).join(', '),
    },
  );
}

/** Neither file nor timer is left. */
export async function verifyRemoved(ctx: StepContext, { files }: RemoveFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('units', 'host', async () => {
    const left = (await readUnitFiles(ctx.host())).filter(({ path }) =>
      files.some((file) => file.path === path),
    );
    return left.length === 0
      ? pass('gone')
      : block('unit files are still there', { facts: { files: left.map(({ path }) => path).join(', ') } });
  });
  preflight.check('timers', 'host', async () => {
    const jobs = (await readSchedule(ctx.host())) ?? [];
    const left = jobs.filter(({ active, enabled }) => active || enabled);
    return left.length === 0
      ? pass('none waits for its time')
      : block('timers are still there', { facts: { timers: left.map(({ timer }) => timer).join(', ') } });
  });
  return preflight.checks();
}

/** Whether unit files hold what they held before a run; null for one that was not there. */
export async function checkUnitFilesAsBefore(
  ctx: StepContext,
  files: readonly { readonly path: string; readonly text: string | null }[],
): Promise<Finding> {
  const found = await readUnitFiles(ctx.host());
  const wrong = files.filter(
    ({ path, text }) => (found.find((one) => one.path === path)?.text ?? null) !== text,
  );
  return wrong.length === 0
    ? pass(`${files.length} unit files as before the run`)
    : block('unit files are not as before the run', {
        facts: { files: wrong.map(({ path }) => path).join(', ') },
      });
}

/** Whether timers are enabled exactly where they were before a run. */
export async function checkTimersAsBefore(
  ctx: StepContext,
  timers: InstallFacts['timers'],
): Promise<Finding> {
  const jobs = (await readSchedule(ctx.host())) ?? [];
  const wrong = timers.filter(
    ({ unit, wasEnabled }) => jobs.some(({ timer, enabled }) => timer === unit && enabled) !== wasEnabled,
  );
  return wrong.length === 0
    ? pass(`${timers.filter(({ wasEnabled }) => wasEnabled).length} timers enabled, as before the run`)
    : block('timers are not enabled as before the run', {
        facts: { timers: wrong.map(({ unit }) => unit).join(', ') },
        next: [onHost('systemctl list-timers --all')],
      });
}
