import { expect, it } from 'vitest';
import { checkServices } from '../../runbooks/reindex.preflight.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import type { Context } from '../../src/runbook/context.ts';

/** A host on which the indexer runs once, with these properties of its unit. Any other command is an error. */
function contextWith(properties: Readonly<Record<string, string>>): Context {
  const unit: Record<string, string> = {
    Id: 'tempovault-indexer.service',
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    MainPID: '100',
    NeedDaemonReload: 'no',
    TriggeredBy: '',
    ...properties,
  };
  const detail = 'pid 100\npython3\nevent_indexer.py\n\n0::/system.slice/tempovault-indexer.service\nend\n';
  const run = async ([name, verb, ...rest]: readonly string[]) => {
    const answer = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' });
    if (name === 'systemctl' && verb === 'is-system-running') return answer('running');
    if (name === 'systemctl' && verb === 'show') {
      const asked =
        rest
          .find((word) => word.startsWith('--property='))
          ?.slice(11)
          .split(',') ?? [];
      return answer(asked.map((key) => `${key}=${unit[key] ?? ''}`).join('\n'));
    }
    if (name === 'ps')
      return answer(
        '1 9 Ss root /sbin/init\n100 5 S tv python3 event_indexer.py\n101 0 R tv ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n',
      );
    if (name === 'sh' && rest.join(' ').includes('/proc/')) return answer(detail);
    throw new Error(`unexpected command: ${name} ${verb}`);
  };
  const host = { units: { indexer: 'tempovault-indexer' }, programs: { indexer: 'event_indexer' } };
  return {
    settings: { host },
    clock: { now: () => new Date() },
    host: () => ({ prefix: [], run }),
  } as unknown as Context;
}

it.each([
  ['as it should be', {}, 'pass', 'active, one process (100)', []],
  [
    'masked, and still running',
    { LoadState: 'masked' },
    'block',
    'is masked, and still running',
    ['systemctl unmask tempovault-indexer'],
  ],
  [
    'not installed',
    { LoadState: 'not-found', ActiveState: 'inactive' },
    'block',
    'is not installed here',
    ['see what the unit is called: systemctl list-units --all', 'set host.units.indexer: tv config show'],
  ],
  [
    'a timer that starts it',
    { TriggeredBy: 'tempovault-indexer.timer' },
    'warn',
    'tempovault-indexer.timer may start it again during the run',
    ['systemctl stop tempovault-indexer.timer'],
  ],
  [
    'a unit file that systemd has not read',
    { NeedDaemonReload: 'yes' },
    'warn',
    'its unit file has changed since systemd read it',
    ['systemctl daemon-reload'],
  ],
])('the indexer of a reindex, %s', async (_, properties, status, says, next) => {
  const finding = await checkServices(contextWith(properties));
  expect(finding.status).toBe(status);
  expect(finding.summary).toContain(says);
  expect((finding.next ?? []).map(plainAdvice)).toEqual(next);
});
