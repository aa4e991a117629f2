import { posix } from 'node:path';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { outsideText } from '../../text/outsideText.ts';
import { lastLine } from '../explainFailure.ts';
import script from './findNginx.sh';

export type Nginx = {
  readonly program: string;
  /** `1.22.1`. */
  readonly version: string;
  /** The main configuration file, of the running master, else of the build. */
  readonly configuration: string;
  /** Flags with which it works on that configuration: `-p` and `-c` of the running master; empty for the build's own. */
  readonly flags: readonly string[];
  /** Process ids of the masters that run. */
  readonly masters: readonly number[];
};

const notInstalled = 20;

/**
 * The nginx of the host; undefined where none is installed.
 * @throws UnavailableError where its build is not understood
 */
export async function findNginx(host: Host): Promise<Nginx | undefined> {
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script, 'sh']);
  if (exitCode === notInstalled) return undefined;
  const found = parseNginx(stdout);
  if (found !== undefined) return found;
  throw new UnavailableError(
    'host.unreadable-answer',
    'nginx does not return its version and configuration.',
    {
      facts: { reason: lastLine(stderr) || 'not understood' },
    },
  );
}

/** The output of `findNginx.sh`. */
export function parseNginx(output: string): Nginx | undefined {
  const [head = '', tail = ''] = output.split(/^masters$/m);
  const program = head.split('\n')[0]?.trim() ?? '';
  const version = /nginx version: \S+?\/(\S+)/.exec(head)?.[1];
  const built = (name: string) => new RegExp(` --${name}=(\\S+)`).exec(head)?.[1]?.replace(/^'|'$/g, '');
  if (!program.startsWith('/') || version === undefined) return undefined;
  const masters = [...tail.matchAll(/^(\d+) nginx: master process (.*)$/gm)];
  const title = masters.length === 1 ? (masters[0]?.[2] ?? '') : '';
  const given = (flag: string) => new RegExp(`(?:^| )-${flag} ?(\\S+)`).exec(title)?.[1];
  const prefix = given('p') ?? built('prefix') ?? '/usr/local/nginx';
  const file = given('c') ?? built('conf-path') ?? 'conf/nginx.conf';
  return {
    program: outsideText(program),
    version: outsideText(version),
    configuration: outsideText(posix.resolve(prefix, file)),
    flags: (['p', 'c'] as const).flatMap((flag) => {
      const value = given(flag);
      return value === undefined ? [] : [`-${flag}`, outsideText(value)];
    }),
    masters: masters.map(([, pid]) => Number(pid)),
  };
}
