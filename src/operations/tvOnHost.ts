import { TvError } from '../errors/TvError.ts';
import { lastLine } from '../host/explainFailure.ts';
import { findTv } from '../host/findTv.ts';
import { ownWords } from '../host/ownProgram.ts';
import type { HostCall, UnitMaker } from '../host/unitFile.ts';
import type { Context } from '../runbook/context.ts';

/**
 * How the host itself has to call tv, so that it works on this environment. Proven by having it read
 * its settings there, with nothing but the variables that the unit will give it.
 * @param parameters.tv a program of the host, instead of this one
 * @param parameters.maker the command that writes the unit, for the advice
 * @param parameters.decisive settings in which the tv of the unit has to agree with this one
 * @throws TvError where the host has no tv, or its tv would work on something else
 */
export async function tvOnHost(
  ctx: Context,
  parameters: {
    readonly tv: string | undefined;
    readonly maker: UnitMaker;
    readonly decisive: readonly string[];
  },
): Promise<HostCall> {
  const host = ctx.host();
  const { maker, decisive } = parameters;
  const { stdout } = await host.run(['sh', '-c', 'command -v tv; echo "$PATH"']);
  const lines = stdout.trim().split('\n');
  const path = lines.at(-1) ?? '';
  const tvThere = lines.find((line) => line.endsWith('/tv'));
  const here = ownWords();
  const candidates =
    parameters.tv === undefined ? [here, ...(tvThere === undefined ? [] : [[tvThere]])] : [[parameters.tv]];
  const { words } = await findTv(host, { candidates, maker });
  const config = await configOnHost(ctx);
  const call: HostCall = {
    environment: ctx.settings.environment,
    program: words,
    flags: [
      ...['-e', ctx.settings.environment],
      ...(config === undefined ? [] : ['--config', config]),
      // It runs on the host itself, whichever way leads there from here.
      ...['--set', 'host.prefix=[]'],
    ],
    // The programs of PostgreSQL are not always where systemd looks.
    variables: { PATH: path },
  };
  await assertSameSettings(ctx, call, decisive);
  return call;
}

/** The configuration file that this tv uses, where the host has one of that name. */
async function configOnHost(ctx: Context): Promise<string | undefined> {
  const used = ctx.settingsOrigins.files.find(({ role, state }) => role !== '.env' && state === 'used');
  if (used === undefined) return undefined;
  const { exitCode } = await ctx.host().run(['test', '-r', used.path]);
  return exitCode === 0 ? used.path : undefined;
}

async function assertSameSettings(
  ctx: Context,
  { program, flags, variables }: HostCall,
  decisive: readonly string[],
): Promise<void> {
  const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const command = [...program, ...flags, 'config', 'show', '--json'];
  const { exitCode, stdout, stderr } = await ctx.host().run(['env', '-i', ...given, ...command]);
  const next = [`run it by hand on the host: ${command.join(' ')}`];
  const answer = exitCode === 0 ? parse(stdout) : undefined;
  if (answer === undefined) {
    throw new TvError(
      'unit.settings-unreadable',
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
    throw new TvError('unit.other-target', "The host's tv would work on something else than this one.", {
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
