import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { castBinary } from '../../scripts/bench/castBinary.mjs';
import { devAccountIndex, devMnemonic, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';
import { sitDown } from '../support/pseudoTerminal.ts';

const password = 'wezmot quillon 61';
let world: ProtocolWorld;
let keys: string;

beforeAll(async () => {
  world = await protocolWorld('plain', 'full');
  keys = join(world.home.directory, 'cast');
  mkdirSync(keys, { mode: 0o700 });
  // By the phrase: a key on a command line would be found by a test that looks for keys there meanwhile.
  const derived = ['--mnemonic', devMnemonic, '--mnemonic-index', String(devAccountIndex.riskOfficer)];
  await cast('wallet', 'import', 'risk', '--keystore-dir', keys, ...derived);
}, 60_000);
afterAll(() => world?.[Symbol.asyncDispose]());

/** `import` and `new` have a variable each. */
const cast = (...words: readonly string[]) =>
  execa(castBinary(), words, { env: { CAST_UNSAFE_PASSWORD: password, CAST_PASSWORD: password } });

/** Trips a breaker as an environment whose risk officer has this keystore and password file. */
async function trip(keystore: string, words: string) {
  const passwordFile = join(keys, 'password');
  writeFileSync(passwordFile, `${words}\n`, { mode: 0o600 });
  world.environment('cast', { signers: { riskOfficer: { keystore, passwordFile } } });
  const start = (await world.protocol.head()) + 1;
  const done = await world.tv(['-e', 'cast', 'breaker', 'trip', '--pair', 'Beta', '--confirm', 'cast']);
  const shown = done.stderr.replaceAll(/\s+/g, ' ');
  for (const secret of [password, devPrivateKey(devAccountIndex.riskOfficer).slice(2)]) {
    expect(done.stdout + done.stderr).not.toContain(secret);
  }
  return { exitCode: done.exitCode, shown, sent: await world.protocol.countFrom(world.officer, start) };
}

it('refuses a keystore as cast leaves it, readable by others, and says what mends it', async () => {
  const file = join(keys, 'risk');
  // Cast goes by the umask of whoever calls it.
  chmodSync(file, 0o644);
  const { exitCode, shown, sent } = await trip(file, password);
  expect([exitCode, sent]).toEqual([3, 0]);
  expect(shown).toContain('can be read by others');
  expect(shown).toContain(`chmod 600 ${file}`);
  chmodSync(file, 0o600);
});

it('refuses a wrong password', async () => {
  const { exitCode, shown, sent } = await trip(join(keys, 'risk'), `${password}!`);
  expect([exitCode, sent]).toEqual([3, 0]);
  expect(shown).toContain('The password does not open the keystore.');
});

it('opens one that cast wallet new made, and finds that its address holds no role', async () => {
  const { stdout } = await cast('wallet', 'new', keys, 'fresh');
  const address = /0x[0-9a-fA-F]{40}/.exec(stdout)?.[0] ?? 'no address';
  chmodSync(join(keys, 'fresh'), 0o600);
  const { exitCode, shown, sent } = await trip(join(keys, 'fresh'), password);
  expect([exitCode, sent]).toEqual([3, 0]);
  expect(shown).toContain(`${address.slice(0, 6)}…${address.slice(-4)} lacks RISK_OFFICER`);
});

it('signs with a keystore that cast wallet import made', async () => {
  const { exitCode, shown, sent } = await trip(join(keys, 'risk'), password);
  expect([exitCode, sent], shown).toEqual([0, 1]);
  expect(shown).toContain('Beta: open, read back from the contract');
});

/** At a terminal, at the question for the password of a keystore that has no password file. */
async function sitAtPassword(pair: string, ...more: readonly string[]) {
  world.environment('typed', { signers: { riskOfficer: { keystore: join(keys, 'risk') } } });
  const words = ['--config', join(world.home.directory, 'tv.yaml'), '-e', 'typed'];
  const seat = sitDown(world.home, [...words, 'breaker', 'trip', '--pair', pair, ...more]);
  await seat.sees(/Password of \S+risk \(riskOfficer\):/);
  return seat;
}

it('password not configured → prompts for it, and does not echo it', async () => {
  const { protocol, officer } = world;
  const start = (await protocol.head()) + 1;
  const seat = await sitAtPassword('Alpha');
  seat.type(`${password}\r`);
  await seat.sees(/Type typed to continue:/);
  seat.type('typed\r');
  expect(await seat.ended, seat.shown()).toBe(0);
  expect(seat.shown()).toContain('open, read back from the contract');
  expect(seat.shown()).not.toMatch(/wezmot|quillon/);
  expect(await protocol.countFrom(officer, start)).toBe(1);
});

it('takes Ctrl-C at that question for a no', async () => {
  const { protocol, officer } = world;
  const start = (await protocol.head()) + 1;
  const seat = await sitAtPassword('Theta', '--confirm', 'typed');
  seat.type('\x03');
  expect(await seat.ended, seat.shown()).toBe(4);
  expect(await protocol.countFrom(officer, start)).toBe(0);
});
