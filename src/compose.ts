import type { SignedTransaction } from './chain/transactions/transaction.ts';
import { commandHelp, type Parsed, parse, wordsOfCall } from './cli/parse.ts';
import { renderError } from './cli/renderError.ts';
import { RunScreen } from './cli/renderRun.ts';
import { toJsonDocument, toJsonError, toJsonEvent } from './cli/toJson.ts';
import { buildContext, type Program, type World } from './context.ts';
import { maskUrl } from './errors/maskUrl.ts';
import { withoutKeys } from './errors/pastedKeys.ts';
import { exitCodes, TvError } from './errors/TvError.ts';
import { abandonRun } from './runbook/abandonRun.ts';
import { carryOn } from './runbook/carryOn.ts';
import type { Context } from './runbook/context.ts';
import type { Engine, Shelved } from './runbook/engine.ts';
import type { AnyCommand, Entry } from './runbook/entry.ts';
import type { RunEvent } from './runbook/events.ts';
import { Interrupt, Interrupted } from './runbook/interrupt.ts';
import { noteRun } from './runbook/noteRun.ts';
import { Outlet } from './runbook/outlet.ts';
import type { Paint } from './runbook/paint.ts';
import { thisOperator } from './runbook/process.ts';
import { Secrets } from './runbook/secrets.ts';
import { startRun } from './runbook/startRun.ts';
import { duration, shortened, wrap } from './runbook/text.ts';
import { type Busy, terminalBusy } from './terminal/busy.ts';
import { terminalPaint } from './terminal/paint.ts';

interface Desk {
  readonly program: Program;
  readonly entry: Entry;
  readonly command: AnyCommand;
  readonly parsed: Parsed;
  readonly outlet: Outlet;
  readonly paint: Paint;
  readonly busy: Busy;
  readonly interrupt: Interrupt;
}

/**
 * Runs one command from its arguments to its exit code. The one place where an error becomes text
 * and an exit code.
 */
export async function runCommand(program: Program, entry: Entry, args: readonly string[]): Promise<number> {
  const secrets = new Secrets();
  const outlet = new Outlet(secrets);
  const interrupt = new Interrupt();
  const json = args.includes('--json');
  const verbose = args.includes('--verbose');
  let paint = terminalPaint({
    color: args.includes('--no-color') ? false : undefined,
    full: args.includes('--full'),
    now: new Date(),
    columns: process.stdout.columns ?? process.stderr.columns,
    environment: undefined,
  });
  const busy = terminalBusy(
    (line) => outlet.print('stderr', line),
    (text) => outlet.forTerminal(text),
  );
  let world: World | undefined;
  let failureExitCode: number | undefined;
  try {
    const command = (await entry.load()).default;
    if (command.kind === 'report') failureExitCode = command.failureExitCode;
    if (args.includes('--help') || args.includes('-h')) {
      outlet.print('stdout', commandHelp(entry, command, paint.width));
      return exitCodes.ok;
    }
    const parsed = parse(entry, command, args);
    paint = { ...paint, ...namedPlace(parsed), call: wordsOfCall(entry, args) };
    interrupt.listen();
    // A run ends its calls only at a second signal: the step in flight is finished first.
    const lasting = command.kind === 'runbook' || command.kind === 'control';
    const signals = { asked: interrupt.stop, rooms: lasting ? interrupt.now : interrupt.stop };
    const clearBusy = () => busy.clear();
    world = await buildContext(program, entry, parsed.flags, secrets, outlet, signals, clearBusy);
    paint = { ...paint, now: world.ctx.clock.now(), ...placeOf(world) };
    const desk: Desk = { program, entry, command, parsed, outlet, paint, busy, interrupt };
    return await dispatch(desk, world);
  } catch (error) {
    busy.clear();
    const told = error instanceof TvError ? error : (interruption(error) ?? bug(error));
    if (json) outlet.print('stdout', toJsonError(told));
    outlet.print('stderr', renderError(told, paint, verbose));
    return failureExitCode ?? told.exitCode;
  } finally {
    busy.clear();
    interrupt.close();
    await world?.close();
  }
}

async function dispatch(desk: Desk, world: World): Promise<number> {
  const { command, parsed } = desk;
  switch (command.kind) {
    case 'report': {
      // What follows the convention of monitoring plugins says nothing besides, however long it takes.
      const plugin = command.failureExitCode !== undefined && !process.stderr.isTTY;
      if (!parsed.flags.json && !plugin) desk.busy.show(`${command.title.toLowerCase()} …`);
      const start = performance.now();
      const data = await command.collect(world.ctx, parsed.input as never);
      desk.busy.clear();
      const took = duration(performance.now() - start);
      if (parsed.flags.verbose) desk.outlet.print('stderr', desk.paint.dim(`read in ${took}`).concat('\n'));
      return finish(desk, command, data);
    }
    case 'action': {
      const tell = (line: string) => {
        if (!parsed.flags.json) desk.outlet.print('stderr', `  ${line}\n`);
      };
      const writeFile = (path: string, text: string) => desk.outlet.writeFile(path, text);
      const data = await command.run({ ...world.ctx, tell, writeFile }, parsed.input as never);
      return finish(desk, command, data);
    }
    case 'runbook': {
      const handout = await command.handout?.(world.ctx, parsed.input as never);
      if (handout !== undefined) {
        for (const { path, text } of handout.files) desk.outlet.writeFile(path, text);
        return finish(desk, { render: (_, paint) => handout.render(paint) }, handout.data);
      }
      const shelved = { name: desk.entry.command, section: desk.entry.section, runbook: command };
      return startRun(await buildEngine(desk, world), shelved, parsed.input, parsed.answers);
    }
    case 'control': {
      const choice = await command.choose(world.ctx, parsed.input as never);
      const { run, direction } = choice;
      const engine = await buildEngine(desk, world, run);
      if (direction === 'abandon') return abandonRun(engine, run, choice.reason, parsed.answers);
      if (direction === 'note') return noteRun(engine, run, choice.text, parsed.answers);
      return carryOn(engine, await findRunbook(world.ctx, run), run, direction, parsed.answers);
    }
  }
}

/**
 * The environment and the file that this call names. What a variable named is named too: the line may be pasted
 * into another shell, which has it not.
 */
function namedPlace({ flags }: Parsed): Pick<Paint, 'environment' | 'config'> {
  const variable = (name: string) => withoutKeys(process.env[name] ?? '') || undefined;
  return {
    environment: flags.env ?? variable('TV_ENVIRONMENT'),
    config: flags.config ?? variable('TV_CONFIG'),
  };
}

/** What advice needs besides. A sandbox's tools are called in `tv sandbox shell`. */
function placeOf({ ctx }: World): Pick<Paint, 'hostPrefix' | 'rpcUrl'> {
  const { sandbox, host, chain } = ctx.settings;
  const [url] = chain.rpcUrls;
  const isPublic = url !== undefined && maskUrl(url) === url;
  return { hostPrefix: sandbox ? [] : host.prefix, rpcUrl: isPublic ? url : undefined };
}

interface Renderable {
  render(data: unknown, paint: Paint, input: never): string;
  exitCode?(data: unknown): number;
}

function finish(desk: Desk, command: Renderable, data: unknown): number {
  desk.busy.clear();
  const text = desk.parsed.flags.json
    ? toJsonDocument(`tv.${desk.entry.command.replaceAll(' ', '-')}/1`, data)
    : command.render(data, desk.paint, desk.parsed.input as never);
  desk.outlet.print('stdout', text);
  return command.exitCode?.(data) ?? exitCodes.ok;
}

async function buildEngine(desk: Desk, world: World, run?: string): Promise<Engine> {
  const { terminalPrompt } = await import('./terminal/prompt.ts');
  const { clock } = world.ctx;
  const screen = new RunScreen(
    {
      print: (text) => desk.outlet.print('stderr', text),
      result: (text) => desk.outlet.print('stdout', text),
      busy: (text) => desk.busy.show(text),
      clearBusy: () => desk.busy.clear(),
    },
    desk.paint,
    () => clock.now().getTime(),
    { timings: desk.parsed.flags.verbose },
  );
  if (run !== undefined) screen.about(run);
  desk.interrupt.stop.addEventListener('abort', () => {
    desk.busy.clear();
    const { received } = desk.interrupt;
    const told =
      received === 'SIGINT'
        ? 'SIGINT: finishing the current step. Press Ctrl-C again to stop now.'
        : `${received}: finishing the current step. A second signal stops now.`;
    const { warn, width } = desk.paint;
    desk.outlet.print('stderr', `  ${warn('!')} ${wrap(told, width - 4, '    ')}\n`);
  });
  let unwritten = false;
  const watch = desk.parsed.flags.json
    ? (event: RunEvent) => {
        unwritten ||= event.type === 'journal.moved';
        desk.outlet.print('stdout', toJsonEvent(event, clock.now(), { unwritten }));
      }
    : (event: RunEvent) => screen.show(event);
  return {
    ctx: world.ctx,
    outlet: desk.outlet,
    prompt: quietWhileAsking(terminalPrompt(), desk),
    interrupt: desk.interrupt,
    operator: thisOperator(),
    watch,
    remoteLock: world.remoteLock,
    lookUpTransactions: async (signed) => {
      const { whatBecameOf } = await import('./chain/transactions/whatBecameOf.ts');
      return whatBecameOf(world.ctx.chain(), signed as readonly SignedTransaction[]);
    },
  };
}

function quietWhileAsking(prompt: Engine['prompt'], { busy, paint }: Desk): Engine['prompt'] {
  return {
    interactive: prompt.interactive,
    typed: (question, expected, signal) => {
      busy.clear();
      return prompt.typed(shortened(question, paint), expected, signal);
    },
    yesNo: (question, signal) => {
      busy.clear();
      return prompt.yesNo(shortened(question, paint), signal);
    },
  };
}

/** The runbook that a journaled run was made by. */
async function findRunbook(ctx: Context, run: string): Promise<Shelved> {
  const name = ctx.runs.read(run)[0];
  const entry =
    name?.type === 'run.started' ? ctx.shelf.find(({ command }) => command === name.runbook) : undefined;
  const command = (await entry?.load())?.default;
  if (entry === undefined || command?.kind !== 'runbook') {
    throw new TvError('The run had not begun, or was made by a command that this tv does not have.', {
      facts: { run, journal: ctx.runs.file(run) },
      next: 'tv runs list',
      exitCode: exitCodes.blocked,
    });
  }
  return { name: entry.command, section: entry.section, runbook: command };
}

/** A command that only reads ends at the first signal. */
function interruption(error: unknown): TvError | undefined {
  if (!(error instanceof Interrupted)) return undefined;
  return new TvError(`The command was ${error.message}.`, { exitCode: exitCodes.interrupted, cause: error });
}

function bug(error: unknown): TvError {
  const message = error instanceof Error ? error.message : String(error);
  const told = new TvError(`This is a bug in tv: ${message}`, {
    next: 'run it again with --verbose, and report what it prints',
    exitCode: exitCodes.bug,
    cause: error,
  });
  return told;
}
