import { chmodSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TvHome, tvHome } from '../support/sandbox.ts';

/**
 * What the whole screen may take, beyond what it takes where every source refuses at once. In milliseconds: two limits
 * of a source, which any two that wait for each other would need. On a quiet machine it is one of them, 2 500.
 */
const screenMs = 5_000;
/** Nothing listens there (RFC 863's port, which the kernel of no test machine serves). */
const refused = '127.0.0.1:9';

interface Hanging {
  readonly host: string;
  close(): Promise<void>;
}

/** Accepts every connection, reads what comes, and never answers. */
async function hangingServer(): Promise<Hanging> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}).resume());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

let home: TvHome;
let server: Hanging;
let sleeper: string;
let refusedMs: number;

beforeAll(async () => {
  [home, server] = await Promise.all([tvHome(), hangingServer()]);
  sleeper = join(home.directory, 'hangs');
  writeFileSync(sleeper, '#!/bin/sh\nexec sleep 60\n');
  chmodSync(sleeper, 0o755);
  refusedMs = (await look([])).ms;
});
afterAll(async () => {
  await server?.close();
  await home?.[Symbol.asyncDispose]();
});

const parts = ['rpc', 'api', 'database', 'host'] as const;
type Part = (typeof parts)[number];

/** `tv status` of a TempoVault of which these parts hang, and the others refuse connections. */
async function look(hanging: readonly Part[]) {
  const at = (part: Part) => (hanging.includes(part) ? server.host : refused);
  const settings = {
    'chain.rpcUrls': `http://${at('rpc')}`,
    'chain.id': '4217',
    ...Object.fromEntries(
      ['governanceRoles', 'riskController', 'treasuryVault', 'dexStrategy'].map((name, index) => [
        `contracts.${name}`,
        `0x${String(index + 1).repeat(40)}`,
      ]),
    ),
    'api.url': `http://${at('api')}`,
    'api.publicUrl': `https://${at('api')}`,
    'api.origins': 'https://app.example',
    'database.url': `postgres://tempovault@${at('database')}/tempovault`,
    'host.prefix': hanging.includes('host') ? sleeper : '/nowhere/prefix',
  };
  const begin = performance.now();
  const { exitCode, stdout, stderr } = await home.tv([
    ...['status', '--json'],
    ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ]);
  const ms = performance.now() - begin;
  expect(stderr).toBe('');
  const { sources, next } = JSON.parse(stdout) as {
    readonly sources: readonly { readonly id: string; readonly known: boolean; readonly text: string }[];
    readonly next: readonly string[];
  };
  const late = sources.filter(({ text }) => /\bno answer within|did not answer within/.test(text));
  return { exitCode, ms, late: late.map(({ id }) => id), sources, next };
}

it.each([
  { part: 'rpc', late: ['nodes', 'chain', 'protocol', 'breakers', 'orders', 'signals'] },
  { part: 'api', late: ['api', 'cors', 'certificate'] },
  { part: 'database', late: ['database', 'indexer', 'events'] },
  {
    part: 'host',
    late: ['services', 'processes', 'machine', 'disk', 'envFile', 'backups', 'schedule', 'monitor', 'relay'],
  },
] as const)('$part hangs → $late are late, in time, and nothing else is', async ({ part, late }) => {
  const seen = await look([part]);
  expect(seen.ms).toBeLessThan(refusedMs + screenMs);
  expect(seen.late.filter((id) => id !== 'nodes').toSorted()).toEqual(
    late.filter((id) => id !== 'nodes').toSorted(),
  );
  expect(seen.exitCode).toBe(2);
  expect(seen.next.length).toBeGreaterThan(0);
});

it('all hang at once → the screen is in time, says so of each, and shows what this machine knows', async () => {
  const seen = await look(parts);
  expect(seen.ms).toBeLessThan(refusedMs + screenMs);
  expect(seen.sources.filter(({ known }) => known).map(({ id }) => id)).toEqual(
    expect.arrayContaining(['checklist', 'runs']),
  );
  for (const { id, known, text } of seen.sources) {
    if (!known) expect(text, id).toMatch(/no answer within|did not answer/i);
  }
  // That no RPC node answers in time is known.
  expect(seen.exitCode).toBe(2);
  expect(seen.next[0]).toContain('OTHER_NODE');
  expect(seen.next.length).toBeGreaterThan(0);
});
