import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cgroupName } from '../../src/sandbox/paths.ts';
import { processesOf } from '../support/sandbox.ts';

const dir = '/tmp/tv-test-of-traces/sandbox';

interface FakeProcess {
  readonly group: string;
  readonly command?: string;
  readonly state?: string;
}

/** What is found of a sandbox where `/proc` holds this process alone. */
function foundOf({ group, command = '', state = 'S (sleeping)' }: FakeProcess): readonly string[] {
  const proc = mkdtempSync(join(tmpdir(), 'tv-proc-'));
  try {
    mkdirSync(join(proc, '743'));
    mkdirSync(join(proc, 'sys'));
    writeFileSync(join(proc, '743', 'cgroup'), `1:name=systemd:/\n0::${group}\n`);
    writeFileSync(join(proc, '743', 'cmdline'), command.replaceAll(' ', '\0'));
    writeFileSync(join(proc, '743', 'status'), `Name:\tx\nState:\t${state}\n`);
    return processesOf(dir, proc);
  } finally {
    rmSync(proc, { recursive: true });
  }
}

const own = `/${cgroupName(dir)}/inner/init.scope`;

it.each<[string, FakeProcess, readonly string[]]>([
  ['a process in its group', { group: own, command: 'postgres -D data' }, ['743 postgres -D data']],
  ['a process without a command line in its group', { group: own }, ['743 ']],
  [
    'a process elsewhere that names its directory',
    { group: '/', command: `sh ${dir}/x` },
    [`743 sh ${dir}/x`],
  ],
  ['a process of something else', { group: '/user.slice', command: 'sleep 9' }, []],
  ['an ending process whose group is gone', { group: `${own} (deleted)`, state: 'R (running)' }, []],
  ['a zombie', { group: own, state: 'Z (zombie)' }, []],
])('traces of a sandbox: %s', (_, process, found) => {
  expect(foundOf(process)).toEqual(found);
});
