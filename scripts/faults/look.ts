import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf, type Output } from '../calls.ts';
import type { FaultCase, PairCase } from './cases.ts';

/** The sandbox that is broken, and tv on it. */
export interface Bench {
  /** Of the sandbox and of its environment. */
  readonly name: string;
  /** The chain itself, behind the RPC node that breaks. */
  readonly otherNode: string;
  tv(args: readonly string[]): Promise<Output>;
  /** One line as it is pasted into `tv sandbox shell`. */
  paste(line: string): Promise<Output>;
  /** `tv sandbox break`, with these words. */
  break(...words: readonly string[]): Promise<Output>;
  /** Makes tv forget what it has seen so far. */
  forget(): Promise<void>;
}

interface Found {
  readonly id: string;
  readonly cause: string | null;
}

interface Screen {
  readonly findings: readonly Found[];
  readonly next: readonly string[];
}

/** One line of the table; every cell is `ok`, or what was there instead. */
export interface Row {
  readonly fault: string;
  readonly cause: string;
  readonly status: string;
  readonly monitor: string;
  readonly doctor: string;
  readonly mended: string;
  readonly seconds: number;
}

const limitMs = 30_000;
/** What a machine shows that has too much to do; no fault of what is tested. */
const ofBusyMachine = ['rpc-slow', 'api-slow', 'memory-high'];

/** Breaks one thing, reads the three screens, does what the first says, and checks again. */
export async function tryFault(bench: Bench, fault: FaultCase): Promise<Row> {
  await bench.forget();
  const begin = performance.now();
  await expectDone(bench.break(fault.fault));
  let rest: Pick<Row, 'status' | 'monitor' | 'doctor' | 'mended'>;
  let seconds: number;
  try {
    const status = await untilNamed(bench, 'status', fault);
    seconds = Math.round((performance.now() - begin) / 1000);
    const [monitor, doctor] = await Promise.all([
      untilNamed(bench, 'monitor', fault),
      status.named ? screen(bench, ['doctor']) : undefined,
    ]);
    rest = {
      status: verdict(status.screen, fault.cause),
      monitor: verdict(monitor.screen, fault.cause),
      doctor: doctor === undefined ? '-' : verdict(doctor, fault.cause),
      mended: status.named ? await mend(bench, fault, status.screen) : 'not tried',
    };
  } finally {
    await expectDone(bench.break('--heal'));
  }
  const after = await untilWell(bench);
  const mended = after === undefined ? rest.mended : `${rest.mended}; afterwards ${after}`;
  return { fault: fault.fault, cause: fault.cause, ...rest, mended, seconds };
}

/** Two faults at once: which causes come first. */
export async function tryPair(bench: Bench, { faults, first, second }: PairCase) {
  await bench.forget();
  for (const fault of faults) await expectDone(bench.break(fault));
  try {
    const wanted = [first, ...(second === undefined ? [] : [second])];
    let roots: readonly string[] = [];
    const end = performance.now() + limitMs;
    for (;;) {
      roots = rootsOf(await screen(bench, ['status'])).slice(0, wanted.length);
      const isThere = roots.length === wanted.length && wanted.every((id, at) => is(roots[at], id));
      if (isThere) return { faults, found: 'ok' };
      if (performance.now() > end) return { faults, found: `${roots.join(', ')}, not ${wanted.join(', ')}` };
      await sleep(1_000);
    }
  } finally {
    await expectDone(bench.break('--heal'));
    await untilWell(bench);
  }
}

/** Checks a sandbox without a fault repeatedly. @returns what was not well, with its time */
export async function watchHealthy(bench: Bench, forMs: number): Promise<readonly string[]> {
  const wrong: string[] = [];
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const [status, monitor] = [await screen(bench, ['status']), await screen(bench, ['monitor'])];
    for (const [name, { findings }] of Object.entries({ status, monitor })) {
      if (findings.length === 0) continue;
      wrong.push(`${new Date().toISOString()} ${name}: ${findings.map(({ id }) => id).join(', ')}`);
    }
    await sleep(2_000);
  }
  return wrong;
}

async function screen(bench: Bench, args: readonly string[]): Promise<Screen> {
  const { stdout, stderr } = await bench.tv([...args, '--json']);
  try {
    const { findings, next } = JSON.parse(stdout) as Screen;
    return { findings, next };
  } catch {
    throw new Error(`tv ${args.join(' ')} printed no JSON: ${stdout}${stderr}`);
  }
}

/** A monitor names some causes only after several checks. */
async function untilNamed(
  bench: Bench,
  command: 'status' | 'monitor',
  { cause, withinMs = limitMs }: Pick<FaultCase, 'cause' | 'withinMs'>,
): Promise<{ readonly screen: Screen; readonly named: boolean }> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await screen(bench, [command]);
    const named = is(rootsOf(seen)[0], cause);
    if (named || performance.now() > end) return { screen: seen, named };
    await sleep(500);
  }
}

/** @returns what is still not well; undefined where all is */
async function untilWell(bench: Bench): Promise<string | undefined> {
  const end = performance.now() + 2 * limitMs;
  for (;;) {
    const { findings } = await screen(bench, ['status']);
    const left = findings.map(({ id }) => id).filter((id) => !ofBusyMachine.some((one) => is(id, one)));
    if (left.length === 0) return undefined;
    if (performance.now() > end) return left.join(', ');
    await sleep(1_000);
  }
}

function rootsOf({ findings }: Screen): readonly string[] {
  return findings
    .filter(({ cause }) => cause === null)
    .map(({ id }) => id)
    .filter((id) => !ofBusyMachine.some((one) => is(id, one)));
}

function is(id: string | undefined, wanted: string): boolean {
  return id === wanted || id?.startsWith(`${wanted}:`) === true;
}

function verdict(seen: Screen, cause: string): string {
  const [first] = rootsOf(seen);
  return is(first, cause) ? 'ok' : (first ?? 'nothing');
}

const commands = ['tv', 'sed', 'printf', 'systemctl', 'kill', 'certbot', 'du', 'journalctl', 'ps'];

/** A comparison of all blocks says from where to reindex: what mends is the command that it prints. */
async function afterReport(bench: Bench, command: string | undefined): Promise<string | undefined> {
  if (command?.endsWith(' reindex check') !== true) return command;
  const { stdout } = await bench.paste(command);
  return commandOf(/^Next: (.+)$/m.exec(stdout)?.[1] ?? '', commands);
}

async function mend(bench: Bench, fault: FaultCase, seen: Screen): Promise<string> {
  const command = await afterReport(bench, commandOf(seen.next[0] ?? '', commands));
  if (command === undefined) return `no command: ${seen.next[0]}`;
  if (fault.by === 'others') return `by hand: ${command}`;
  const answers = { yes: ' --yes', confirm: ` --confirm ${bench.name}` };
  const line = command.replace('https://OTHER_NODE', bench.otherNode);
  const done = await bench.paste(fault.answer === undefined ? line : `${line}${answers[fault.answer]}`);
  if (done.exitCode !== 0) return `exit ${done.exitCode}: ${done.stderr.trim().split('\n')[0]}`;
  // The configuration of a sandbox names its node by itself.
  const moved = line === command ? [] : ['--set', `chain.rpcUrls=${bench.otherNode}`];
  const end = performance.now() + limitMs;
  for (;;) {
    const roots = rootsOf(await screen(bench, ['status', ...moved]));
    if (!roots.some((id) => is(id, fault.cause))) return 'ok';
    if (performance.now() > end) return `still ${roots.join(', ')}`;
    await sleep(1_000);
  }
}

async function expectDone(call: Promise<Output>): Promise<void> {
  const { exitCode, stderr } = await call;
  if (exitCode !== 0) throw new Error(stderr);
}
