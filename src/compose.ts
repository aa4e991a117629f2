import type { SignedTransaction } from './chain/transactions/transaction.ts';
import { commandHelp, type Parsed, parse, wordsOfCall } from './cli/parse.ts';
import { renderError } from './cli/renderError.ts';
import { type Busy, terminalBusy } from './cli/terminal/busy.ts';
import { columnsNow, terminalPaint } from './cli/terminal/paint.ts';
import { terminalScreen } from './cli/terminal/screen.ts';
import { toJsonDocument, toJsonError, toJsonEvent } from './cli/toJson.ts';
import { buildContext } from './context.ts';
import type { Engine, RegisteredRunbook } from './engine/engine.ts';
import { Interrupt } from './engine/interrupt.ts';
import type { AppContext, Program } from './environment.ts';
import type { Advice } from './errors/advice.ts';
import { Interrupted } from './errors/Interrupted.ts';
import { exitCodes, TvError } from './errors/TvError.ts';
import { RedactingWriter } from './output/redactingWriter.ts';
import { Secrets } from './output/secrets.ts';
import type { AnyCommand, CommandDefinition, Output, ToolContext } from './runbook/define.ts';
import type { RunEvent } from './runbook/events.ts';
import { schemaId } from './runbook/json.ts';
import { monotonic } from './runbook/monotonic.ts';
import type { Paint } from './runbook/paint.ts';
import { duration, shortened } from './text/format.ts';
import { wrap } from './text/layout.ts';
import { maskUrl } from './text/maskUrl.ts';
import { withoutKeys } from './text/pastedKeys.ts';

interface Invocation {
  readonly program: Program;
  readonly entry: CommandDefinition;
  readonly command: AnyCommand;
  /** After the words of the command. */
  readonly args: readonly string[];
  readonly parsed: Parsed;
  readonly writer: RedactingWriter;
  readonly paint: Paint;
  readonly busy: Busy;
  readonly interrupt: Interrupt;
}

/**
 * Runs one command from its arguments to its exit code. The one place where an error becomes text
 * and an exit code.
 */
export async function runCommand(
  program: Program,
  entry: CommandDefinition,
  args: readonly string[],
): Promise<number> {
  const secrets = new Secrets();
  const writer = new RedactingWriter(secrets);
  const interrupt = new Interrupt();
  const json = args.includes('--json');
  const verbose = args.includes('--verbose');
  let paint = terminalPaint({
    color: args.includes('--no-color') ? false : undefined,
    full: args.includes('--full'),
    now: new Date(),
    columns: process.stdout.columns ?? process.stderr.columns,
    environment: undefined,
    piped: process.stdout.isTTY !== true,
  });
  const busy = terminalBusy(
    (line) => writer.print('stderr', line),
    (text) => writer.forTerminal(text),
  );
  let app: AppContext | undefined;
  let failureExitCode: number | undefined;
  let followUp: FollowUp;
  try {
    const command = (await entry.load()).default;
    if (command.kind === 'report' || command.kind === 'action') failureExitCode = command.failureExitCode;
    if (args.includes('--help') || args.includes('-h')) {
      await show(commandHelp(entry, command, paint.width), writer);
      return exitCodes.ok;
    }
    const parsed = parse(entry, command, args);
    paint = { ...paint, ...namedPlace(parsed), call: wordsOfCall(entry, args) };
    interrupt.listen();
    // A run ends its calls only at a second signal: the step in flight is finished first.
    const lasting = command.kind === 'runbook' || command.kind === 'control';
    const signals = { asked: interrupt.stop, services: lasting ? interrupt.now : interrupt.stop };
    const clearBusy = () => busy.clear();
    const called = asCalled(entry, command, parsed);
    const { flags } = parsed;
    app = await buildContext({ program, entry: called, flags, secrets, writer, signals, clearBusy });
    paint = { ...paint, now: app.ctx.clock.now(), ...(called.settings === 'none' ? {} : placeOf(app)) };
    const invocation: Invocation = {
      program,
      entry: called,
      command,
      args,
      parsed,
      writer,
      paint,
      busy,
      interrupt,
    };
    const code = await dispatch(invocation, app);
    if (typeof code === 'number') return code;
    followUp = code;
  } catch (error) {
    busy.clear();
    const failure = error instanceof TvError ? error : (interruption(error) ?? bug(error));
    if (json) writer.print('stdout', toJsonError(failure, paint));
    writer.print('stderr', renderError(failure, paint, verbose));
    return failureExitCode ?? failure.exitCode;
  } finally {
    busy.clear();
    interrupt.close();
    await app?.close();
  }
  const { entry: first, args: rest } = followUp.remedy;
  const ended = await runCommand(program, first, rest);
  return ended === exitCodes.ok ? runCommand(program, entry, followUp.again) : ended;
}

/** The command with the settings and services that this call of it needs. */
function asCalled(entry: CommandDefinition, command: AnyCommand, { input }: Parsed): CommandDefinition {
  const settings = command.kind === 'report' ? command.settingsFor?.(input as never) : undefined;
  return settings === undefined ? entry : { ...entry, settings, services: [] };
}

/** What is run after a report that asks for it, and then the report again. */
interface FollowUp {
  readonly remedy: { readonly entry: CommandDefinition; readonly args: readonly string[] };
  readonly again: readonly string[];
}

/** The remedy with the place that this call names, and this call without the wish for one. */
function followUpOf({ program, args, parsed }: Invocation, words: readonly string[]): FollowUp {
  const line = words.join(' ');
  const [entry] = program.registry
    .filter(({ command }) => line === command || line.startsWith(`${command} `))
    .toSorted((a, b) => b.command.length - a.command.length);
  if (entry === undefined) throw new Error(`no command ${line}`);
  const rest = words.slice(entry.command.split(' ').length);
  const { env, config, set } = parsed.flags;
  const place = [
    ...(env === undefined ? [] : ['-e', env]),
    ...(config === undefined ? [] : ['--config', config]),
    ...[...set].flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ];
  return {
    remedy: { entry, args: [...rest, ...place] },
    again: args.filter((word) => word !== '--fix'),
  };
}

async function dispatch(invocation: Invocation, app: AppContext): Promise<number | FollowUp> {
  const { command, parsed } = invocation;
  switch (command.kind) {
    case 'report': {
      const watched = command.watch?.(
        { ...app.ctx, output: outputOf(invocation, app) },
        parsed.input as never,
      );
      if (watched !== undefined) return watched;
      // What follows the convention of monitoring plugins says nothing besides, however long it takes.
      const plugin = command.failureExitCode !== undefined && !process.stderr.isTTY;
      if (!parsed.flags.json && !plugin) invocation.busy.show(`${command.title.toLowerCase()} …`);
      const start = performance.now();
      const data = await command.collect(app.ctx, parsed.input as never);
      invocation.busy.clear();
      const took = duration(performance.now() - start);
      if (parsed.flags.verbose)
        invocation.writer.print('stderr', invocation.paint.dim(`read in ${took}`).concat('\n'));
      await noteScreen(invocation, app, data);
      const words = command.remedy?.(data, parsed.input as never);
      // What follows the convention of monitoring plugins is short, and a remedy may ask.
      const isLong = command.failureExitCode === undefined && words === undefined;
      const code = await finish(invocation, command, data, isLong);
      return words === undefined ? code : followUpOf(invocation, words);
    }
    case 'action': {
      const tell = (line: string) => {
        if (!parsed.flags.json) invocation.writer.print('stderr', `  ${line}\n`);
      };
      const writeFile = (path: string, text: string, mode?: number) =>
        invocation.writer.writeFile(path, text, mode);
      const appendLine = (path: string, line: string) => invocation.writer.appendLine(path, line);
      const output = outputOf(invocation, app);
      const data = await command.run(
        { ...app.ctx, tell, writeFile, appendLine, output },
        parsed.input as never,
      );
      if (data === undefined) return command.exitCode?.(data) ?? exitCodes.ok;
      const isLong = command.risk === 'read' && command.failureExitCode === undefined;
      return finish(invocation, command, data, isLong);
    }
    case 'stream': {
      const { printStream } = await import('./printStream.ts');
      return printStream(invocation, command, app.ctx);
    }
    case 'runbook': {
      const printout = await command.printout?.(app.ctx, parsed.input as never);
      if (printout !== undefined) {
        for (const { path, text } of printout.files) invocation.writer.writeFile(path, text);
        return finish(invocation, { render: (_, paint) => printout.render(paint) }, printout.data);
      }
      const registered = {
        name: invocation.entry.command,
        section: invocation.entry.section,
        runbook: command,
      };
      const { startRun } = await import('./engine/startRun.ts');
      return startRun(await buildEngine(invocation, app), registered, parsed.input, parsed.answers);
    }
    case 'control': {
      const choice = await command.choose(app.ctx, parsed.input as never);
      const { run, direction } = choice;
      const engine = await buildEngine(invocation, app, run);
      if (direction === 'abandon') {
        const { abandonRun } = await import('./engine/abandonRun.ts');
        return abandonRun(engine, run, choice.reason, parsed.answers);
      }
      if (direction === 'release') {
        const { releaseRun } = await import('./engine/releaseRun.ts');
        return releaseRun(engine, run, choice.reason, parsed.answers);
      }
      if (direction === 'note') {
        const { noteRun } = await import('./engine/noteRun.ts');
        return noteRun(engine, run, choice.text, parsed.answers);
      }
      const { continueRun } = await import('./engine/continueRun.ts');
      return continueRun(engine, await findRunbook(app.ctx, run), run, direction, parsed.answers);
    }
  }
}

/** A drill is judged by what its operator was shown. */
async function noteScreen(invocation: Invocation, { ctx }: AppContext, data: unknown): Promise<void> {
  if (invocation.entry.settings === 'none' || !ctx.settings.sandbox) return;
  const { noteDrillScreen } = await import('./journal/drills.ts');
  const { writer, entry, paint } = invocation;
  const screen = { command: entry.command, data, at: ctx.clock.now() };
  noteDrillScreen(ctx.settings.stateDirectory, screen, (advice) => paint.line(advice as Advice), writer);
}

function outputOf(invocation: Invocation, { ctx }: AppContext): Output {
  const { writer, paint, parsed } = invocation;
  return {
    json: parsed.flags.json,
    print: (text) => writer.print('stdout', text),
    redact: (text) => writer.redact(text),
    keep: (secret) => ctx.secrets.keep(secret),
    paint: () => ({
      ...paint,
      now: ctx.clock.now(),
      width: columnsNow(process.stdout.columns ?? paint.width),
    }),
    ask: async (question) => {
      const { terminalPrompt } = await import('./cli/terminal/prompt.ts');
      const prompt = quietWhileAsking(terminalPrompt(), invocation);
      return prompt.interactive ? prompt.yesNo(question, ctx.signal) : undefined;
    },
    screen: terminalScreen((text) => writer.forTerminal(text)),
  };
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
function placeOf({ ctx }: AppContext): Pick<Paint, 'hostPrefix' | 'rpcUrl'> {
  const { sandbox, host, chain } = ctx.settings;
  const [url] = chain.rpcUrls;
  const isPublic = url !== undefined && maskUrl(url) === url;
  return { hostPrefix: sandbox ? [] : host.prefix, rpcUrl: isPublic ? url : undefined };
}

interface Renderable {
  render(data: unknown, paint: Paint, input: never): string;
  exitCode?(data: unknown): number;
}

/** @param isLong shown in a pager where it is longer than the terminal */
async function finish(
  invocation: Invocation,
  command: Renderable,
  data: unknown,
  isLong = false,
): Promise<number> {
  invocation.busy.clear();
  const text = invocation.parsed.flags.json
    ? toJsonDocument(schemaId(invocation.entry.command), data, invocation.paint)
    : command.render(data, invocation.paint, invocation.parsed.input as never);
  if (isLong && !invocation.parsed.flags.json) await show(text, invocation.writer);
  else invocation.writer.print('stdout', text);
  return command.exitCode?.(data) ?? exitCodes.ok;
}

/** A text that is only read. */
async function show(text: string, writer: RedactingWriter): Promise<void> {
  if (process.stdout.isTTY !== true) return writer.print('stdout', text);
  const { page } = await import('./pager.ts');
  await page(text, writer);
}

async function buildEngine(invocation: Invocation, app: AppContext, run?: string): Promise<Engine> {
  const { terminalPrompt } = await import('./cli/terminal/prompt.ts');
  const { RunScreen } = await import('./cli/renderRun.ts');
  const { thisOperator } = await import('./journal/operator.ts');
  const { clock } = app.ctx;
  const screen = new RunScreen(
    {
      print: (text) => invocation.writer.print('stderr', text),
      result: (text) => invocation.writer.print('stdout', text),
      busy: (text) => invocation.busy.show(text),
      clearBusy: () => invocation.busy.clear(),
    },
    invocation.paint,
    () => monotonic(clock),
    { timings: invocation.parsed.flags.verbose },
  );
  if (run !== undefined) screen.about(run);
  invocation.interrupt.stop.addEventListener('abort', () => {
    invocation.busy.clear();
    const { received } = invocation.interrupt;
    const doing = screen.isInStep() ? 'finishing the current step' : 'stopping';
    const again = received === 'SIGINT' ? 'Press Ctrl-C again to stop now.' : 'A second signal stops now.';
    const notice = `${received}: ${doing}. ${again}`;
    const { warn, width } = invocation.paint;
    invocation.writer.print('stderr', `  ${warn('!')} ${wrap(notice, width - 4, '    ')}\n`);
  });
  let unwritten = false;
  const watch = invocation.parsed.flags.json
    ? (event: RunEvent) => {
        unwritten ||= event.type === 'journal.moved';
        invocation.writer.print('stdout', toJsonEvent(event, clock.now(), invocation.paint, { unwritten }));
      }
    : (event: RunEvent) => screen.show(event);
  return {
    ctx: app.ctx,
    writer: invocation.writer,
    prompt: quietWhileAsking(terminalPrompt(), invocation),
    interrupt: invocation.interrupt,
    operator: thisOperator(),
    watch,
    remoteLock: async (holder) => {
      const answer = await app.remoteLock(holder);
      if (answer.held !== false) return answer;
      return { held: false, by: { ...answer.by, touches: await touchedBy(app.ctx, answer.by.runbook) } };
    },
    verifySignatures: async (planFile) => {
      const { verifySignatures } = await import('./operations/approval/verifySignatures.ts');
      return verifySignatures(planFile, app.ctx.settings.approvals, thisOperator());
    },
    lookUpTransactions: async (signed) => {
      const { whatBecameOf } = await import('./chain/transactions/whatBecameOf.ts');
      return whatBecameOf(app.ctx.chain(), signed as readonly SignedTransaction[]);
    },
    previewEffects: async (planned, limitMs) => {
      const { previewEffects } = await import('./chain/effects/previewEffects.ts');
      const { pairs } = app.ctx.settings;
      return previewEffects(app.ctx.chain(), {
        planned,
        pairs,
        limitMs,
        now: clock.now(),
        // Most nodes can simulate: what starts programs is not loaded for them.
        startFork: async (fork) => (await import('./host/anvilFork.ts')).startAnvilFork(fork),
      });
    },
    compareEffects: async (sent) => {
      const { compareEffects } = await import('./chain/effects/compareEffects.ts');
      const signed = (value: unknown) => value as SignedTransaction;
      return compareEffects(
        app.ctx.chain(),
        sent.map((one) => ({ ...one, signed: signed(one.signed) })),
      );
    },
  };
}

function quietWhileAsking(prompt: Engine['prompt'], { busy, paint }: Invocation): Engine['prompt'] {
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

/** What a run on another machine may touch, of which only the command is known. */
async function touchedBy({ registry }: ToolContext, name: string | undefined): Promise<readonly string[]> {
  const command = (await registry.find((entry) => entry.command === name)?.load())?.default;
  if (command?.kind !== 'runbook') return [];
  const { mayTouch } = await import('./engine/engine.ts');
  return mayTouch(command);
}

/** The runbook that a journaled run was made by. */
async function findRunbook(ctx: ToolContext, run: string): Promise<RegisteredRunbook> {
  const [started] = ctx.runs.read(run);
  const facts = { run, journal: ctx.runs.file(run) };
  const options = { facts, next: { tv: ['runs', 'list'] }, exitCode: exitCodes.blocked };
  if (started?.type !== 'run.started') {
    throw new TvError('run.not-begun', 'The run had not begun: there is nothing to resume or undo.', options);
  }
  const entry = ctx.registry.find(({ command }) => command === started.runbook);
  const command = (await entry?.load())?.default;
  if (entry === undefined || command?.kind !== 'runbook') {
    const message = `The run is of tv ${started.runbook}, a command that this tv does not have.`;
    throw new TvError('run.other-version', message, options);
  }
  return { name: entry.command, section: entry.section, runbook: command };
}

/** A command that only reads ends at the first signal. */
function interruption(error: unknown): TvError | undefined {
  if (!(error instanceof Interrupted)) return undefined;
  return new TvError('tv.interrupted', `The command was ${error.message}.`, {
    exitCode: exitCodes.interrupted,
    cause: error,
  });
}

function bug(error: unknown): TvError {
  const message = error instanceof Error ? error.message : String(error);
  return new TvError('tv.bug', `This is a bug in tv: ${message}`, {
    next: 'run it again with --verbose, and report what it prints',
    exitCode: exitCodes.bug,
    cause: error,
  });
}
