import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeAbiParameters } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleFacts } from '../../runbooks/oracle/rotate-key.preflight.ts';
import { generate } from '../../runbooks/oracle/rotate-key.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { keyPlaces } from '../../src/operations/oracle/runKeys.ts';
import type { StepContext } from '../../src/runbook/define.ts';

const [oldKey, newKey] = ['11'.repeat(32), '22'.repeat(32)];
const hash = `0x${'cd'.repeat(32)}`;
const transfer = {
  ...{ hash, from: `0x${'a1'.repeat(20)}`, nonce: 3, nonceKey: '0', chainId: 1, calls: [] },
  ...{ raw: '0x76', feeToken: null },
};

describe('the undo of a new oracle key', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tv-rotate-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** @param noted what the step `fund` has noted @param balance of the new address, as the node shows it */
  const undo = async (
    noted: Readonly<Record<string, unknown>>,
    balance = 0n,
    reuse: string | null = null,
  ) => {
    const envFile = join(folder, '.env');
    writeFileSync(envFile, `ORACLE_PRIVATE_KEY=${oldKey}\n`, { mode: 0o600 });
    const request = async ({ params }: { readonly params: readonly [{ to: string; data: string }] }) =>
      // The identity contract answers what it is asked: a node is tried with it.
      /^0x0{39}4$/.test(params[0].to)
        ? params[0].data
        : encodeAbiParameters([{ type: 'uint256' }], [balance]);
    const chain = { client: { request, transport: { nodes: [] } }, contracts: {}, urls: ['node'] };
    const ctx = {
      settings: { stateDirectory: folder, host: { envFile, units: {}, programs: {} } },
      secrets: { keep: () => {}, interactive: false },
      host: () => connectHost({ prefix: [], timeoutMs: 10_000 }),
      chain: () => chain,
      ...{ runId: 'RUN', notes: {}, note: () => {}, signal: new AbortController().signal },
      results: { generate: { address: privateKeyToAddress(`0x${newKey}`) } },
      runs: {
        read: () =>
          Object.entries(noted).map(([note, value]) => ({ type: 'step.noted', step: 'fund', note, value })),
      },
    } as unknown as StepContext;
    mkdirSync(join(folder, 'oracle'), { mode: 0o700 });
    const places = keyPlaces(ctx);
    writeFileSync(places.old, oldKey, { mode: 0o600 });
    writeFileSync(places.new, newKey, { mode: 0o600 });
    const oldAddress = privateKeyToAddress(`0x${oldKey}`);
    const step = generate({ ...exampleFacts, envFile, oldAddress, wasActive: false, reuse });
    await step.undo?.(ctx);
    const said = await step.checkUndone?.(ctx);
    expect(existsSync(places.old), 'the copy of the old key').toBe(false);
    return { isKept: existsSync(places.new), status: said?.status };
  };

  it.each([
    ['a transfer to it was signed, and its balance is still 0', { fund: transfer }, 0n, null],
    ['it holds funds', {}, 1n, null],
    ['it is the key of an earlier rotation', {}, 0n, '/state/oracle/new-EARLIER.key'],
  ])('%s → the key is kept, and the check says so', async (_what, noted, balance, reuse) => {
    expect(await undo(noted, balance, reuse)).toEqual({ isKept: true, status: 'warn' });
  });

  it.each([
    ['nothing was sent to it', {}],
    ['the transfer is proven to have had no effect', { fund: transfer, 'fund-no-effect': hash }],
  ])('%s → the key is removed', async (_what, noted) => {
    expect(await undo(noted)).toEqual({ isKept: false, status: 'pass' });
  });
});
