import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultCases, traps } from '../../scripts/faults/cases.ts';
import { type Bench, type Row, tryFault } from '../../scripts/faults/look.ts';
import { printTable } from '../../scripts/faults/table.ts';
import { listFaults } from '../../src/sandbox/break.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

/**
 * One fault for each kind of remedy, and those that no other test meets; `npm run faults` tries them all. The
 * remedy by a reindex has files of its own.
 */
const quick = [
  ...['no-cors', 'wrong-fee-token', 'two-indexers', 'full-memory', 'orders-after-pause'],
  ...['expired-certificate', 'kill-oracle'],
];

describe.skipIf((await systemdObstacle()) !== undefined)('faults', () => {
  let sandbox: TestSandbox;
  const rows: Row[] = [];

  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(async () => {
    await sandbox?.stop();
    process.stdout.write(`\n${printTable(rows)}`);
  });

  const bench = (): Bench => {
    const paths = sandboxPaths(sandbox.dir);
    const place = ['--dir', sandbox.dir];
    return {
      name: 'sandbox',
      otherNode: `http://127.0.0.1:${sandbox.info.ports.chain}`,
      tv: (args) => sandbox.tv(args),
      paste: (line) => sandbox.tv(['sandbox', 'shell', ...place, '--', 'sh', '-c', line]),
      break: (...words) => sandbox.tv(['sandbox', 'break', ...words, ...place]),
      forget: async () => {
        for (const end of ['', '-wal', '-shm'])
          rmSync(join(paths.tvState, `monitor.sqlite${end}`), { force: true });
      },
    };
  };

  it.each(faultCases.filter(({ fault }) => quick.includes(fault)))(
    '$fault → every screen names $cause, and the first command mends it',
    async (fault) => {
      const row = await tryFault(bench(), fault);
      rows.push(row);
      expect(row).toMatchObject({
        ...{ status: 'ok', monitor: 'ok', doctor: 'ok' },
        mended: fault.by === 'others' ? expect.stringMatching(/^by hand: \w+ [^;]+$/) : 'ok',
      });
    },
    120_000,
  );

  it('every fault that can be made is in the table, or a trap for a command that acts', () => {
    const known = [...faultCases.map(({ fault }) => fault), ...Object.keys(traps)];
    expect(known.toSorted()).toEqual(
      listFaults()
        .map(({ fault }) => fault)
        .toSorted(),
    );
  });
});
