import type { Advice } from '../errors/advice.ts';
import { UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';
import { lastLine } from './explainFailure.ts';
import detailScript from './listProcesses.sh';
import { matchProgram } from './matchProgram.ts';

export interface HostProcess {
  readonly pid: number;
  readonly startedSecondsAgo: number;
  readonly user: string;
  /** Program and script, without arguments: those may hold secrets. */
  readonly command: string;
  /** Suspended, by SIGSTOP or a debugger. */
  readonly stopped: boolean;
  /** The systemd unit that it belongs to (`session-3.scope` for one started by hand). */
  readonly unit: string | undefined;
}

const psFormat = 'pid=,etimes=,stat=,user:64=,args=';

/**
 * The processes on the host that run `program` (a script's name without extension, or an
 * executable's), whoever started them.
 * @throws UnavailableError where processes cannot be listed, or those of other users are hidden
 */
export async function listProcesses(
  host: Host,
  { program }: { readonly program: string },
): Promise<HostProcess[]> {
  const [found = []] = await listPrograms(host, { programs: [program] });
  return found;
}

/** The same for several programs, with two host commands for all of them; in the order of the programs. */
export async function listPrograms(
  host: Host,
  { programs }: { readonly programs: readonly string[] },
): Promise<HostProcess[][]> {
  const { exitCode, stdout, stderr } = await host.run(['ps', '-ww', '-eo', psFormat]);
  if (exitCode !== 0) throw notListed(lastLine(stderr));
  const all = parseProcessList(stdout);
  // A list that was cut, or is none, seldom has the line of ps itself.
  if (!all.some(({ args }) => args.includes(psFormat))) throw notListed('the list does not hold ps itself');
  // Every host and every container has a process 1. Without it the list holds the user's own processes alone.
  if (!all.some(({ pid }) => pid === 1)) {
    throw notListed(
      '/proc hides the processes of other users (proc(5), hidepid): process 1 is not in the list',
      {
        when: 'run tv as root, or set host.prefix to sudo -n',
        tv: ['config', 'show'],
      },
    );
  }
  const candidates = all.filter(({ args }) => programs.some((program) => args.includes(program)));
  if (candidates.length === 0) return programs.map(() => []);

  const details = await readDetails(host, { pids: candidates.map(({ pid }) => pid) });
  return programs.map((program) =>
    candidates.flatMap(({ args: _, ...process }) => {
      const detail = details.get(process.pid);
      const command = detail === undefined ? undefined : matchProgram(detail.argv, program);
      if (detail === undefined || command === undefined) return [];
      const { unit } = detail;
      return [
        {
          ...process,
          user: outsideText(process.user),
          command: outsideText(command),
          unit: unit === undefined ? undefined : outsideText(unit),
        },
      ];
    }),
  );
}

/**
 * What processes run, by their ids; of one that has ended meanwhile nothing.
 * @throws UnavailableError where one of them may not be read
 */
export async function readDetails(
  host: Host,
  { pids }: { readonly pids: readonly number[] },
): Promise<ReadonlyMap<number, Detail>> {
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', detailScript, 'sh', ...pids.map(String)]);
  if (exitCode !== 0) throw notListed(lastLine(stderr) || `exit code ${exitCode}`);
  const details = parseDetails(stdout);
  const lost = pids.find((pid) => !details.has(pid));
  if (lost !== undefined) throw notListed(`what process ${lost} runs was not returned`);
  return details;
}

function notListed(reason: string, next?: Advice): UnavailableError {
  return new UnavailableError('host.unreadable-answer', 'The processes of the host cannot be listed.', {
    facts: { reason },
    ...(next === undefined ? {} : { next }),
  });
}

interface ListedProcess extends Omit<HostProcess, 'command' | 'unit'> {
  readonly args: string;
}

export function parseProcessList(output: string): ListedProcess[] {
  return output.split('\n').flatMap((line) => {
    const [, pid, seconds, stat, user, args] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || stat === undefined || user === undefined || args === undefined) return [];
    return [
      { pid: Number(pid), startedSecondsAgo: Number(seconds), user, stopped: /^[Tt]/.test(stat), args },
    ];
  });
}

interface Detail {
  readonly argv: readonly string[];
  readonly unit: string | undefined;
}

export function parseDetails(output: string): Map<number, Detail> {
  const details = new Map<number, Detail>();
  for (const block of output.split(/^end$/m)) {
    const [, pid, rest] = /^\s*pid (\d+)\n([\s\S]*)$/.exec(block) ?? [];
    if (pid === undefined || rest === undefined) continue;
    const border = rest.lastIndexOf('\n\n');
    details.set(Number(pid), {
      argv: rest.slice(0, border).split('\n'),
      unit: unitOf(rest.slice(border)),
    });
  }
  return details;
}

/**
 * The innermost unit in `/proc/PID/cgroup`: of the v2 hierarchy, or v1's `name=systemd`. Where both
 * are mounted, systemd manages one of them and the other says `/`.
 */
function unitOf(cgroups: string): string | undefined {
  return [...cgroups.matchAll(/^(?:0:|\d+:name=systemd):(.*)$/gm)]
    .map(([, path = '']) => path.split('/').findLast((part) => /\.(service|scope)$/.test(part)))
    .find((unit) => unit !== undefined);
}
