import { onHost } from '../errors/advice.ts';
import type { Host } from '../runbook/context.ts';
import { listPrograms } from './listProcesses.ts';
import { matchProgram } from './matchProgram.ts';
import { showUnits } from './showUnits.ts';

/** The arguments of a unit's program. They may hold secrets: pick out what is known to be none. */
export interface ProgramArguments {
  readonly words: readonly string[];
  /** `process 812`, or the unit's name where no process runs. */
  readonly from: string;
}

/**
 * What a program was started with: of its running process, which has variables expanded, else as the
 * unit's `ExecStart` has it.
 * @returns undefined where neither names the program
 * @throws UnavailableError where the host cannot be asked
 */
export async function readArguments(
  host: Host,
  parameters: {
    readonly unit: string;
    readonly program: string;
    /** All that are listed, this one among them: what lists the same on a shared host shares the commands. */
    readonly programs?: readonly string[];
  },
): Promise<ProgramArguments | undefined> {
  const { unit, program, programs = [program] } = parameters;
  const listed = await listPrograms(host, { programs });
  const processes = listed[programs.indexOf(program)] ?? [];
  const running = processes.find((process) => process.unit === `${unit}.service`) ?? processes[0];
  if (running !== undefined) {
    const { exitCode, stdout } = await host.run(['cat', `/proc/${running.pid}/cmdline`]);
    const words = exitCode === 0 ? argumentsOf(stdout.split('\0').slice(0, -1), program) : undefined;
    if (words !== undefined) return { words, from: `process ${running.pid}` };
  }
  const [shown] = await showUnits(host, {
    units: [unit],
    properties: ['ExecStart'],
    next: onHost(`systemctl cat ${unit}`),
  });
  const words = argumentsOf(parseExecStart(shown?.get('ExecStart') ?? ''), program);
  return words === undefined ? undefined : { words, from: `${unit}.service` };
}

/** `{ path=… ; argv[]=PROGRAM WORD… ; ignore_errors=no ; … }`, as `systemctl show` prints it. */
export function parseExecStart(shown: string): readonly string[] {
  const argv = /\bargv\[\]=(.*?) ; ignore_errors=/.exec(shown)?.[1];
  return argv === undefined ? [] : argv.split(' ').filter((word) => word !== '');
}

/** The words after the program; undefined where these words start another one. */
function argumentsOf(argv: readonly string[], program: string): readonly string[] | undefined {
  const matched = matchProgram(argv, program);
  if (matched === undefined) return undefined;
  const script = matched.split(' ').at(-1) ?? '';
  return argv.slice(argv.indexOf(script) + 1);
}
