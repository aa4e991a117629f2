import { execa } from 'execa';
import { encodeFunctionData, erc20Abi } from 'viem';
import { TvError } from '../../errors/TvError.ts';
import { childEnvironment } from '../../host/childEnvironment.ts';
import type { DrillFinding } from '../../runbook/drill.ts';
import { type Hex, rpc } from '../chain/rpc.ts';
import { sandboxPaths } from '../paths.ts';
import { tvProgram } from '../shell.ts';
import type { SandboxState } from '../state.ts';

/** In milliseconds: far more than a look or a comparison of a sandbox's history takes. */
const limitMs = 120_000;

interface TvOutput {
  readonly stdout: string;
  readonly exitCode?: number | undefined;
  readonly stderr: string;
}

/** tv itself on the drill's sandbox, as its operator calls it. */
async function tv(state: SandboxState, args: readonly string[]): Promise<TvOutput> {
  const [file = '', ...words] = tvProgram();
  const { config } = sandboxPaths(state.dir);
  return execa(file, [...words, '-e', state.name, '--config', config, ...args, '--json'], {
    env: childEnvironment(),
    extendEnv: false,
    reject: false,
    timeout: limitMs,
  });
}

/** What `tv status` shows now. @throws TvError where it shows nothing */
export async function readFindings(state: SandboxState): Promise<readonly DrillFinding[]> {
  const { stdout, stderr } = await tv(state, ['status']);
  try {
    const { findings } = JSON.parse(stdout) as {
      readonly findings: readonly { readonly id: string; readonly next: readonly string[] }[];
    };
    return findings.map(({ id, next }) => ({ id, next: next[0] ?? null }));
  } catch {
    throw new TvError('drill.not-begun', 'tv status showed nothing of the sandbox.', {
      facts: { reason: stderr.trim().split('\n')[0] },
    });
  }
}

/**
 * How many events of the chain are missing in the database, or are not on the chain, up to where the indexer is.
 * Null where they could not be compared.
 */
export async function countWrongRows(state: SandboxState): Promise<number | null> {
  const from = ['--from-block', String(state.deployment.block)];
  const { stdout, exitCode } = await tv(state, ['reindex', 'check', ...from]);
  if (exitCode !== 0 && exitCode !== 1) return null;
  try {
    const { missing, surplus } = JSON.parse(stdout) as {
      readonly missing: { readonly total: number };
      readonly surplus: { readonly total: number };
    };
    return missing.total + surplus.total;
  } catch {
    return null;
  }
}

/**
 * What the protocol's contracts, and the DEX for its resting orders, hold of each token: base units as decimal
 * text, by symbol. @throws TvError
 */
export async function readFunds({ ports, deployment }: SandboxState): Promise<Record<string, string>> {
  const url = `http://127.0.0.1:${ports.chain}`;
  const { addresses, dex, tokens } = deployment;
  const holders = [addresses.treasuryVault, addresses.dexStrategy, addresses.riskController, dex];
  const totals = tokens.map(async ({ symbol, address }) => {
    const amounts = holders.map(async (holder) => {
      const data = encodeFunctionData({ abi: erc20Abi, functionName: 'balanceOf', args: [holder] });
      return BigInt(await rpc<Hex>(url, 'eth_call', [{ to: address, data }, 'latest']));
    });
    return [symbol, String((await Promise.all(amounts)).reduce((a, b) => a + b, 0n))] as const;
  });
  return Object.fromEntries(await Promise.all(totals));
}
