import { onHost } from '../../../src/errors/advice.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import { lastLine } from '../../../src/host/explainFailure.ts';
import { findTv } from '../../../src/host/schedule/findTv.ts';
import type { ScheduledCall } from '../../../src/host/schedule/scheduleUnits.ts';
import type { Context } from '../../../src/runbook/context.ts';

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
    throw new TvError('The host has no flock, which keeps scheduled runs from overlapping.', {
      next: onHost('apt-get install util-linux'),
    });
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
    throw new TvError("The host's tv cannot read the settings of this environment.", {
      facts: { said: lastLine(stderr) || `exit code ${exitCode}` },
      next,
    });
  }
  const { values } = ctx.settingsOrigins;
  const other = decisive.flatMap((key) => {
    const ours = values.find((value) => value.key === key)?.shown ?? '';
    const theirs = answer.settings?.find((value) => value.key === key)?.shown ?? '';
    return ours === theirs ? [] : [[key, `${ours || 'not set'} here, ${theirs || 'not set'} on the host`]];
  });
  if (other.length > 0) {
    throw new TvError("The host's tv would work on something else than this one.", {
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
