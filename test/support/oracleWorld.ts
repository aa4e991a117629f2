import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, encodeFunctionData } from 'viem';
import { governanceRolesAbi } from '../../src/chain/abi/governanceRoles.ts';
import { riskControllerAbi } from '../../src/chain/abi/riskController.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { isOracle, readAuthority } from '../../src/chain/oracle/readAuthority.ts';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import { setEnvValue } from '../../src/host/editEnvFile.ts';
import { readEnvValue } from '../../src/host/envFile.ts';
import type { Chain, CommandOutput } from '../../src/runbook/context.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Deployment, Generation } from '../../src/sandbox/chain/deployment.ts';
import { type Hex, head, rpc, send } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { countSent } from './countSent.ts';
import { startSandbox, type TestSandbox, type TvOptions } from './sandbox.ts';
import type { Evidence } from './secretSearch.ts';
import { throughKills as killThrough } from './throughKills.ts';

export const oracleUnit = 'tempovault-oracle';
export const confirm = ['--confirm', 'sandbox'] as const;

/** A sandbox whose relay sends every other second, and what tests of the oracle ask of it. */
export interface OracleWorld {
  readonly name: string;
  readonly form: 'role' | 'one-address';
  readonly sandbox: TestSandbox;
  /** Of the node itself, without the sandbox's proxy. */
  readonly url: string;
  readonly chain: Chain;
  readonly deployment: Deployment;
  readonly admin: Address;
  /** All that tv has printed. */
  readonly printed: Evidence[];
  tv(args: readonly string[], options?: TvOptions): Promise<CommandOutput>;
  /** The key in `.env`, as the relay reads it. */
  envKey(): { readonly address: Address; readonly key: `0x${string}` };
  setEnv(key: string, value: string): void;
  authorised(account: Address): Promise<boolean>;
  head(): Promise<number>;
  /** Transactions of an account in blocks from one on. */
  sent(account: Address, fromBlock: number): Promise<number>;
  /** Names of the key files that tv keeps for itself. */
  keyFiles(): readonly string[];
  keyIn(file: string): { readonly address: Address; readonly key: `0x${string}` };
  /** Sends as the admin, past tv. */
  asAdmin(call: { readonly to: Hex; readonly data: Hex }): Promise<void>;
  /** Makes an address an oracle, or the only one, past tv. */
  authorise(account: Address): Promise<void>;
  /** Ends an address as an oracle, past tv. */
  revoke(account: Address): Promise<void>;
}

export async function oracleWorld(network: Network, contracts: Generation): Promise<OracleWorld> {
  const sandbox = await startSandbox({
    network,
    contracts,
    schema: contracts === 'runbook' ? 'runbook' : 'deployed',
  });
  const { deployment, ports, files } = sandbox.info;
  const url = `http://127.0.0.1:${ports.chain}`;
  const { addresses, accounts } = deployment;
  const chain = connectChain({
    rpcUrls: [url],
    id: deployment.chainId,
    timeoutMs: 5_000,
    contracts: addresses,
  });
  const form = contracts === 'runbook' ? 'one-address' : 'role';
  const printed: Evidence[] = [];
  const keyFolder = join(sandboxPaths(sandbox.dir).tvState, 'oracle');
  const keyOf = (text: string) => {
    const parsed = parseKey(text);
    if (parsed === undefined) throw new Error('no key there');
    return parsed;
  };
  const env = () => readFileSync(files.envFile, 'utf8');
  const setEnv = (key: string, value: string) =>
    // Past tv, and so that owner and mode stay.
    writeFileSync(files.envFile, setEnvValue(env(), key, value));
  const asAdmin = async (call: { to: Hex; data: Hex }) => {
    await send(url, { from: accounts.admin.address, ...call });
  };
  const changeRole = async (functionName: 'grantRole' | 'revokeRole', account: Address) => {
    const { roleId } = await readAuthority(chain);
    const data = encodeFunctionData({ abi: governanceRolesAbi, functionName, args: [roleId, account] });
    await asAdmin({ to: addresses.governanceRoles, data });
  };
  const name = (account: Address) =>
    asAdmin({
      to: addresses.riskController,
      data: encodeFunctionData({ abi: riskControllerAbi, functionName: 'setOracleAddress', args: [account] }),
    });
  const unitFile = join(sandboxPaths(sandbox.dir).units, `${oracleUnit}.service`);
  // The interval is the last word of the relay's command line.
  writeFileSync(unitFile, readFileSync(unitFile, 'utf8').replace(/^(ExecStart=.*) \d+$/m, '$1 2'));
  await sandbox.systemctl('daemon-reload');
  await sandbox.systemctl('restart', oracleUnit);
  return {
    name: `${network}, ${contracts}`,
    form,
    sandbox,
    url,
    chain,
    deployment,
    admin: accounts.admin.address,
    printed,
    tv: async (args, options) => {
      const done = await sandbox.tv(args, options);
      printed.push({ place: `output of tv ${args.join(' ')}`, text: done.stdout + done.stderr });
      return done;
    },
    envKey: () => keyOf(readEnvValue(env(), 'ORACLE_PRIVATE_KEY') ?? ''),
    setEnv,
    authorised: (account) => isOracle(chain, account),
    head: async () => (await head(url)).number,
    sent: (account, fromBlock) => countSent(url, account, fromBlock),
    keyFiles: () =>
      existsSync(keyFolder) ? readdirSync(keyFolder).filter((file) => file.includes('.key')) : [],
    keyIn: (file) => keyOf(readFileSync(join(keyFolder, file), 'utf8')),
    asAdmin,
    authorise: (account) => (form === 'role' ? changeRole('grantRole', account) : name(account)),
    revoke: (account) =>
      form === 'role' ? changeRole('revokeRole', account) : name(`0x${'0'.repeat(38)}d0`),
  };
}

/** In all worlds at once; where one fails the others still come to their end. */
export async function inWorlds(
  worlds: readonly OracleWorld[],
  act: (world: OracleWorld) => Promise<void>,
): Promise<void> {
  const endings = await Promise.allSettled(worlds.map(act));
  endings.forEach((ending, index) => {
    if (ending.status === 'fulfilled') return;
    const { reason } = ending;
    const words = reason instanceof Error ? reason.message : String(reason);
    throw new Error(`on ${worlds[index]?.name}: ${words}`, { cause: reason });
  });
}

/** The pair's nonces, for a proof that signals continue: their sum. */
export async function signals({ deployment, url }: OracleWorld): Promise<bigint> {
  const answers = await Promise.all(
    deployment.pairs.map(({ id }) =>
      rpc<Hex>(url, 'eth_call', [
        {
          to: deployment.addresses.riskController,
          data: encodeFunctionData({ abi: riskControllerAbi, functionName: 'oracleNonces', args: [id] }),
        },
        'latest',
      ]),
    ),
  );
  return answers.reduce((sum, answer) => sum + BigInt(answer), 0n);
}

/** Ends a run that is killed at each of these points in turn, and then not any more. @returns the last call */
export async function throughKills(
  world: OracleWorld,
  start: readonly string[],
  points: readonly string[],
  resume: readonly string[] = ['resume', ...confirm],
): Promise<CommandOutput> {
  return killThrough(world.tv, start, { points, resume });
}
