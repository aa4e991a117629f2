import { describe, expect, it } from 'vitest';
import { checkBackup } from '../../runbooks/reindex.preflight.ts';
import type { DatabaseServer } from '../../src/database/readServer.ts';
import { checkTools } from '../../src/operations/checkTools.ts';
import type { Context } from '../../src/runbook/context.ts';

const gib = 1024 ** 3;
const server = { major: 15, version: '15.13', sizeBytes: gib } as unknown as DatabaseServer;

const machine = '4\nvault\nid\n0 0 0\nMemTotal: 1024 kB\nMemAvailable: 512 kB\n';

/** A host with these major versions of the client programs: the first on the PATH, all in Debian's folders. */
function contextWith(majors: readonly number[], pgRestore: readonly number[] = majors): Context {
  const run = async ([program = '', ...args]: readonly string[]) => {
    const answer = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' });
    const tool = args.at(-1) ?? '';
    if (program === 'sh' && /^(pg_dump|pg_restore|psql)$/.test(tool)) {
      const of = tool === 'pg_restore' ? pgRestore : majors;
      return answer(of.map((major) => `/usr/lib/postgresql/${major}/bin/${tool}\n`).join(''));
    }
    const [, major, name] = /^\/usr\/lib\/postgresql\/(\d+)\/bin\/(.*)$/.exec(program) ?? [];
    if (name !== undefined) return answer(`${name} (PostgreSQL) ${major}.1\n`);
    if (program === 'sh' && args.join(' ').includes('nproc')) return answer(machine);
    if (program === 'sh') return answer('edwx');
    if (program === 'df') return answer('/dev/sda 209715200 1024 104857600 1% /\n');
    throw new Error(`unexpected command: ${program} ${args.join(' ')}`);
  };
  return { host: () => ({ prefix: [], run }) } as unknown as Context;
}

describe('reindex: the programs that make its backup', () => {
  const check = (ctx: Context) => checkBackup(ctx, { directory: '/backup', server: async () => server });

  it.each([
    ['those of the server, an older one on the PATH', [13, 15], 'pass', /pg_dump 15 ≥ server 15$/],
    ['those of the server, a newer one on the PATH', [17, 15], 'pass', /pg_dump 15 ≥ server 15$/],
    ['newer ones alone', [17], 'pass', /pg_dump 17 ≥ server 15$/],
    ['older ones alone', [13], 'block', /^pg_dump 13 is older than the server \(15\.13\) and refuses/],
    ['none', [], 'block', /not installed on the host$/],
  ] as const)('%s → %3$s', async (_, majors, status, summary) => {
    const found = await check(contextWith(majors));
    expect([found.status, found.summary]).toEqual([status, expect.stringMatching(summary)]);
  });

  it('pg_restore older than the server → named', async () => {
    const found = await check(contextWith([15], [13]));
    expect(found).toMatchObject({
      status: 'block',
      summary: expect.stringMatching(/^pg_restore 13 is older/),
      next: [{ shell: 'apt-get install postgresql-client-15', on: 'host' }],
    });
  });
});

it.each([
  ['the server’s own beside an older one', [13, 15], 'pass', /^pg_dump 15, as the server/],
  ['older ones alone', [13], 'block', /^pg_dump 13 is older than the server/],
] as const)('db backup judges the same programs: %s → %3$s', async (_, majors, status, summary) => {
  const found = await checkTools(contextWith(majors), server);
  expect([found.status, found.summary]).toEqual([status, expect.stringMatching(summary)]);
});
