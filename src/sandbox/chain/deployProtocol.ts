import { encodeFunctionData, encodePacked, keccak256, maxUint256, stringToHex } from 'viem';
import { dexStrategy as compactStrategy } from '../contracts/artifacts/compact/DexStrategy.ts';
import { riskController as deployedRisk } from '../contracts/artifacts/deployed/RiskController.ts';
import { treasuryVault as deployedVault } from '../contracts/artifacts/deployed/TreasuryVault.ts';
import { dexStrategy as fullStrategy } from '../contracts/artifacts/full/DexStrategy.ts';
import { dexStrategy as runbookStrategy } from '../contracts/artifacts/runbook/DexStrategy.ts';
import { riskController as runbookRisk } from '../contracts/artifacts/runbook/RiskController.ts';
import { treasuryVault as runbookVault } from '../contracts/artifacts/runbook/TreasuryVault.ts';
import { batch as batchArtifact } from '../contracts/artifacts/shared/Batch.ts';
import { erc1967Proxy } from '../contracts/artifacts/shared/Erc1967Proxy.ts';
import { governanceRoles as rolesArtifact } from '../contracts/artifacts/shared/GovernanceRoles.ts';
import { testToken } from '../contracts/artifacts/shared/TestToken.ts';
import type { Network } from './anvilCommand.ts';
import { deployContract } from './deployContract.ts';
import type { DeployedPair, DeployedToken, Deployment, Generation } from './deployment.ts';
import { type DevAccount, devAccount, devAccountIndex, type RoleName } from './devAccounts.ts';
import { type Hex, head, rpc, send } from './rpc.ts';
import { type Market, plainMarket, tempoMarket } from './tokens.ts';

export interface DeployProtocolParameters {
  readonly network: Network;
  readonly contracts: Generation;
  /**
   * Who holds ADMIN, EMERGENCY and the vault: one account, as the constructors leave it, or one each.
   * Default: one with the compact build, else one each.
   */
  readonly holders?: 'one' | 'separate' | undefined;
}

/** The roles' names in the registry, and who gets each of them. ADMIN goes to the deployer. */
const grants: readonly (readonly [string, RoleName])[] = [
  ['EMERGENCY', 'emergency'],
  ['RISK_OFFICER', 'riskOfficer'],
  ['TREASURY_MANAGER', 'treasuryManager'],
  ['STRATEGIST', 'strategist'],
  ['ORACLE', 'oracle'],
];

/**
 * Deploys TempoVault on a chain started by `anvilCommand`: the four contracts, roles for the dev accounts,
 * and on the stablecoin DEX one pair for each token but the first.
 *
 * @throws TvError where the chain refuses a transaction
 */
export async function deployProtocol(
  url: string,
  {
    network,
    contracts: generation,
    holders = generation === 'compact' ? 'one' : 'separate',
  }: DeployProtocolParameters,
): Promise<Deployment> {
  const accounts = namedAccounts(holders);
  const from = accounts.admin.address;
  const market = await (network === 'tempo' ? tempoMarket(url, from) : plainMarket(url, from));
  const governanceRoles = await deployContract(url, { from, ...rolesArtifact, args: [from] });
  for (const [name, holder] of grants) {
    const args = [keccak256(stringToHex(name)), accounts[holder].address] as const;
    const data = encodeFunctionData({ abi: rolesArtifact.abi, functionName: 'grantRole', args });
    await send(url, { from, to: governanceRoles, data });
  }
  if (accounts.emergency.address !== from) await giveUpEmergency(url, governanceRoles, from);
  const risk = generation === 'runbook' ? deployRunbookRisk : deployRiskBehindProxy;
  const riskController = await risk(url, from, governanceRoles, accounts.oracle.address);
  const treasuryVault = await deployContract(url, {
    from,
    ...(generation === 'runbook' ? runbookVault : deployedVault),
    args: [governanceRoles, riskController, 1n, accounts.owner.address],
  });
  const dexStrategy = await deployContract(url, {
    from,
    ...strategies[generation],
    args: [governanceRoles, riskController, treasuryVault, market.dex],
  });
  if (generation !== 'runbook') {
    await approveInVault(url, { from, treasuryVault, dexStrategy, tokens: market.tokens });
  }
  const batch = await deployContract(url, { from, ...batchArtifact });
  await approveDeposits(url, accounts.treasuryManager.address, treasuryVault, market.tokens);
  return {
    chainId: Number(await rpc<Hex>(url, 'eth_chainId')),
    network,
    generation,
    addresses: { governanceRoles, riskController, treasuryVault, dexStrategy },
    dex: market.dex,
    batch,
    tokens: market.tokens,
    pairs: await configurePairs(url, accounts.strategist.address, dexStrategy, pairsOf(generation, market)),
    accounts,
    feeToken: network === 'tempo' ? market.tokens[1]?.address : undefined,
    block: (await head(url)).number,
  };
}

const strategies = { full: fullStrategy, compact: compactStrategy, runbook: runbookStrategy } as const;

function namedAccounts(holders: 'one' | 'separate'): Record<RoleName, DevAccount> {
  const entries = Object.entries(devAccountIndex).map(([name, index]) => [name, devAccount(index)]);
  const accounts = Object.fromEntries(entries) as Record<RoleName, DevAccount>;
  return holders === 'one' ? { ...accounts, emergency: accounts.admin, owner: accounts.admin } : accounts;
}

/** The registry's constructor gives EMERGENCY to the deployer, too. */
async function giveUpEmergency(url: string, governanceRoles: Hex, from: Hex): Promise<void> {
  const data = encodeFunctionData({
    abi: rolesArtifact.abi,
    functionName: 'renounceRole',
    args: [keccak256(stringToHex('EMERGENCY')), from],
  });
  await send(url, { from, to: governanceRoles, data });
}

interface ApproveInVaultParameters {
  readonly from: Hex;
  readonly treasuryVault: Hex;
  readonly dexStrategy: Hex;
  readonly tokens: readonly DeployedToken[];
}

async function approveInVault(
  url: string,
  { from, treasuryVault: to, dexStrategy, tokens }: ApproveInVaultParameters,
): Promise<void> {
  const { abi } = deployedVault;
  const calls = [
    encodeFunctionData({ abi, functionName: 'setApprovedStrategy', args: [dexStrategy, true] }),
    ...tokens.map(({ address }) =>
      encodeFunctionData({ abi, functionName: 'setApprovedToken', args: [address, true] }),
    ),
  ];
  for (const data of calls) await send(url, { from, to, data });
}

async function deployRiskBehindProxy(url: string, from: Hex, roles: Hex): Promise<Hex> {
  const implementation = await deployContract(url, { from, ...deployedRisk });
  const setUp = encodeFunctionData({ abi: deployedRisk.abi, functionName: 'initialize', args: [roles] });
  return deployContract(url, { from, ...erc1967Proxy, args: [implementation, setUp] });
}

function deployRunbookRisk(url: string, from: Hex, roles: Hex, oracle: Hex): Promise<Hex> {
  return deployContract(url, { from, ...runbookRisk, args: [roles, oracle] });
}

async function approveDeposits(url: string, from: Hex, vault: Hex, tokens: readonly DeployedToken[]) {
  const data = encodeFunctionData({ abi: testToken.abi, functionName: 'approve', args: [vault, maxUint256] });
  for (const token of tokens) await send(url, { from, to: token.address, data });
}

/**
 * One for each token against the first. The compact build's last pair has an id of its own making and names
 * a second token that is not the quote token of the first one's book.
 */
function pairsOf(generation: Generation, { tokens }: Market): readonly DeployedPair[] {
  const [quote, ...bases] = tokens.map((token) => token.address);
  if (quote === undefined) return [];
  const pairs = bases.map((base) => ({ id: pairId(base, quote), tokenA: base, tokenB: quote }));
  const [first, last] = [pairs[0], pairs.at(-1)];
  if (generation !== 'compact' || first === undefined || last === undefined || first === last) return pairs;
  const odd = { ...last, id: keccak256(stringToHex('pair-of-the-compact-build')), tokenB: first.tokenA };
  return [...pairs.slice(0, -1), odd];
}

async function configurePairs(
  url: string,
  from: Hex,
  strategy: Hex,
  pairs: readonly DeployedPair[],
): Promise<readonly DeployedPair[]> {
  for (const { id, tokenA, tokenB } of pairs) {
    const config = {
      tokenA,
      tokenB,
      referenceTick: 0,
      maxExposure: 10n ** 13n,
      spreadTicks: 20,
      orderLevels: 6,
      flipOrders: false,
      active: true,
    };
    const args = [id, config] as const;
    const data = encodeFunctionData({ abi: fullStrategy.abi, functionName: 'configurePair', args });
    await send(url, { from, to: strategy, data });
  }
  return pairs;
}

/** keccak of the two addresses, packed in ascending order, as `pairId(address,address)` has it. */
function pairId(a: Hex, b: Hex): Hex {
  const [low, high] = BigInt(a) < BigInt(b) ? [a, b] : [b, a];
  return keccak256(encodePacked(['address', 'address'], [low, high]));
}
