import { posix } from 'node:path';
import type { Host } from '../../runbook/context.ts';
import { outsideText } from '../../text/outsideText.ts';
import type { Nginx } from './findNginx.ts';
import script from './testText.sh';

/** What `nginx -t` says. */
export interface NginxTest {
  readonly ok: boolean;
  /** Its lines of level `warn` and above, without the level. */
  readonly problems: readonly string[];
}

/** Lines kept of what nginx says; the first ones name the cause. */
const mostProblems = 8;

/** Of nginx itself, and as its error log has it once that is open. */
const problemLine =
  /^(?:nginx: |\d{4}\/[\d/]+ [\d:]+ )\[(?:warn|error|crit|alert|emerg)\] (?:\d+#\d+: )?(.*)$/;

/** The output of `nginx -t`. */
export function parseTest({
  exitCode,
  stderr,
}: {
  readonly exitCode: number;
  readonly stderr: string;
}): NginxTest {
  const problems = stderr
    .split('\n')
    .flatMap((line) => problemLine.exec(line)?.[1] ?? [])
    .map((line) => outsideText(line));
  return { ok: exitCode === 0, problems: problems.slice(0, mostProblems) };
}

/** Tests the whole configuration, as a reload would read it. */
export async function testConfiguration(
  host: Host,
  { program, flags }: Pick<Nginx, 'program' | 'flags'>,
): Promise<NginxTest> {
  return parseTest(await host.run([program, ...flags, '-t']));
}

/** Has the running master read its configuration again. It returns before that is done, or has failed. */
export async function reload(
  host: Host,
  { program, flags }: Pick<Nginx, 'program' | 'flags'>,
): Promise<NginxTest> {
  return parseTest(await host.run([program, ...flags, '-s', 'reload']));
}

/**
 * Tests a text by itself, as the only file of an `http` block, in a folder that is removed again. Nothing of the
 * host's configuration is read.
 */
export async function testText(
  host: Host,
  { program }: Pick<Nginx, 'program'>,
  { text }: { readonly text: string },
): Promise<NginxTest & { readonly isAboutText: boolean }> {
  const command = ['sh', '-c', script, 'sh', program, String(Buffer.byteLength(text))];
  const done = await host.run(command, { input: text });
  const { ok, problems } = parseTest(done);
  const isAboutText = problems.some((line) => / in \/\S+\/text\.conf:\d+$/.test(line));
  return {
    ok,
    isAboutText,
    problems: problems.map((line) => line.replace(/ in \/\S+\/text\.conf:/, ' in line ')),
  };
}

/**
 * The patterns of all `include` lines that a configuration consists of, absolute. What else `nginx -T` prints,
 * passwords of upstreams for example, is not kept.
 */
export async function readIncludes(
  host: Host,
  { program, flags, configuration }: Pick<Nginx, 'program' | 'flags' | 'configuration'>,
): Promise<readonly string[]> {
  const { stdout } = await host.run([program, ...flags, '-T']);
  return parseIncludes(stdout, configuration);
}

export function parseIncludes(dump: string, configuration: string): readonly string[] {
  const text = dump.replace(/(^|\s)#.*$/gm, '');
  const written = [...text.matchAll(/\binclude\s+(?:"([^"\n]+)"|'([^'\n]+)'|([^\s;"']+))\s*;/g)];
  const folder = posix.dirname(configuration);
  return [...new Set(written.map(([, a, b, c]) => outsideText(posix.resolve(folder, a ?? b ?? c ?? ''))))];
}

/** Whether an `include` line takes a file in: `*`, `?` and `[…]` as glob(3) reads them. */
export function isIncluded(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')
      .replace(/\[!/g, '[^');
    try {
      return new RegExp(`^${source}$`).test(path);
    } catch (error) {
      // An unclosed bracket: glob(3) then takes it literally.
      if (error instanceof SyntaxError) return pattern === path;
      throw error;
    }
  });
}
