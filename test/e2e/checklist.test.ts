import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ChecklistLog } from '../../src/journal/audit.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import { DrivenClock } from '../support/fakes.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

let sandbox: TestSandbox;
let log: string;
beforeAll(async () => {
  sandbox = await startSandbox();
  log = join(sandbox.dir, 'state', 'checklist.jsonl');
}, 180_000);
afterAll(() => sandbox?.stop());

interface Item {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly recorded: { readonly seq: number; readonly note: string } | null;
  readonly evidence: { readonly kind: string; readonly words: string; readonly facts?: object };
}

async function show(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await sandbox.tv(['checklist', ...args, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  const { items, ...rest } = JSON.parse(stdout) as {
    readonly items: readonly Item[];
    readonly schema: string;
  };
  return {
    ...rest,
    item: (id: string) => items.find((each) => each.id === id),
    ids: items.map(({ id }) => id),
  };
}

/** The holders that the sandbox has given the roles to, as settings. */
function expectedRoles(changed: Readonly<Record<string, string>> = {}): readonly string[] {
  const { admin, emergency, riskOfficer, treasuryManager, strategist, owner } = sandbox.info.accounts;
  const roles = { admin, emergency, riskOfficer, treasuryManager, strategist, vaultOwner: owner, ...changed };
  return Object.entries(roles).flatMap(([role, address]) => ['--set', `roles.${role}=${address}`]);
}

it('proves what chain and backups show, counts the access log, and says what it could not read', async () => {
  const first = await show();
  expect(first).toMatchObject({ schema: 'tv.checklist/1', records: 0, problem: null });
  expect(first.ids).toHaveLength(11);
  expect(first.item('oracle-key')).toMatchObject({ state: 'proven', evidence: { kind: 'proven' } });
  expect(first.item('roles')).toMatchObject({ state: 'due', evidence: { kind: 'not-set' } });
  expect(first.item('access-logs')).toMatchObject({ state: 'due', evidence: { kind: 'unknown' } });

  expect((await sandbox.tv(['db', 'backup'])).exitCode).toBe(0);
  expect((await show('monthly')).item('backups')).toMatchObject({
    state: 'due',
    evidence: { kind: 'shown' },
  });
  const restored = await sandbox.tv(['db', 'verify', '--latest', '--restore', '--yes']);
  expect(restored.exitCode, restored.stderr).toBe(0);

  const file = join(sandbox.dir, 'access.log');
  const line = (daysAgo: number, status: number) => {
    const [, , day, month, year, time] =
      /(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(Date.now() - daysAgo * 86_400_000).toUTCString()) ??
      [];
    return `10.0.0.1 - - [${day}/${month}/${year}:${time} +0000] "GET / HTTP/1.1" ${status} 12 "-" "curl"\n`;
  };
  writeFileSync(
    file,
    line(70, 200) + line(40, 200).repeat(10) + line(2, 200).repeat(10) + line(1, 500).repeat(120),
  );
  const second = await show('monthly', ...expectedRoles(), '--set', `host.accessLog=${file}`);
  expect(second.ids).toEqual(['access-logs', 'dependencies', 'backups', 'roles']);
  expect(second.item('backups')).toMatchObject({ state: 'proven', evidence: { kind: 'proven' } });
  expect(second.item('roles')).toMatchObject({ state: 'proven', evidence: { kind: 'proven' } });
  expect(second.item('access-logs')).toMatchObject({
    state: 'due',
    evidence: {
      kind: 'shown',
      words: 'requests grew from 10 to 130; 5xx answers grew from 0 to 120',
      facts: { requests: '130 (10) from 1 (1) addresses', status: '2xx 10 (10), 5xx 120 (0)' },
    },
  });

  const stranger = sandbox.info.accounts['strategist'] ?? '';
  const wrong = await show('monthly', ...expectedRoles({ admin: stranger }));
  expect(wrong.item('roles')).toMatchObject({
    state: 'due',
    evidence: {
      kind: 'contradicted',
      words: `${sandbox.info.accounts['admin']} holds ADMIN and is not expected to; ${stranger} is expected to hold ADMIN and does not`,
    },
  });
});

it('records what was done, by several at once; status and monitor show what is due again', async () => {
  const writer = new RedactingWriter(new Secrets());
  const past = new ChecklistLog(join(sandbox.dir, 'state'), writer, new DrivenClock(Date.UTC(2026, 0, 31)));
  const record = { environment: 'sandbox', operator: thisOperator(), note: 'report 12', evidence: null };
  await past.append({ ...record, item: 'penetration-test' });

  const due = await sandbox.tv(['status', '--json']);
  expect(due.exitCode).toBe(1);
  const { findings, next } = JSON.parse(due.stdout) as {
    findings: readonly object[];
    next: readonly string[];
  };
  expect(findings).toEqual([
    expect.objectContaining({
      id: 'checklist-due',
      sentence: '1 item of the security checklist is due: penetration-test since 2026-04-30',
    }),
  ]);
  expect(next[0]).toBe('once it is done: tv -e sandbox checklist done penetration-test --note "…"');
  expect((await sandbox.tv(['monitor'])).stdout).toContain('penetration-test since 2026-04-30');

  const items = ['penetration-test', 'contract-audit', 'infrastructure', 'oracle-key'];
  const all = await Promise.all(
    items.map((item) => sandbox.tv(['checklist', 'done', item, '--note', `seen ${item}`, '--json'])),
  );
  expect(all.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(items.map(() => [0, '']));
  const { item } = await show();
  expect(items.map((id) => item(id)?.recorded?.note)).toEqual(items.map((id) => `seen ${id}`));
  expect(items.map((id) => item(id)?.state)).toEqual(['recorded', 'recorded', 'recorded', 'proven']);
  expect(items.map((id) => item(id)?.recorded?.seq).toSorted()).toEqual([2, 3, 4, 5]);
  const told = await sandbox.tv(['status', '--all']);
  expect([told.exitCode, told.stdout]).toEqual([0, expect.stringMatching(/✔ checklist +4 done of 4 items/)]);
  expect((await sandbox.tv(['audit', 'list'])).stdout.match(/checklist done/g)).toHaveLength(4);
});

it('the RPC node is away → what it would prove is unknown with the reason, and a changed record counts for nothing', async () => {
  expect((await sandbox.tv(['sandbox', 'break', 'stop-rpc', '--dir', sandbox.dir])).exitCode).toBe(0);
  try {
    const { item } = await show(...expectedRoles());
    expect(item('roles')).toMatchObject({ state: 'unknown', reason: expect.stringMatching(/RPC node/) });
    expect(item('oracle-key')).toMatchObject({ state: 'recorded', evidence: { kind: 'unknown' } });
  } finally {
    await sandbox.tv(['sandbox', 'break', '--heal', '--dir', sandbox.dir]);
  }
  writeFileSync(log, readFileSync(log, 'utf8').replace('seen contract-audit', 'seen contract_audit'));
  const { item, ...rest } = await show('quarterly');
  expect(rest).toMatchObject({ records: null });
  expect(item('contract-audit')).toMatchObject({
    state: 'unknown',
    reason: expect.stringMatching(/was changed or damaged: line \d was changed after it was written/),
  });
  // What the chain proves needs no record.
  await expect
    .poll(async () => (await show('quarterly')).item('oracle-key')?.state, { timeout: 20_000 })
    .toBe('proven');
});
