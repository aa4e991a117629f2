import { type Abi, decodeErrorResult, keccak256, stringToHex } from 'viem';
import type { Address } from '../config/settings.ts';
import type { Chain } from '../runbook/context.ts';
import { ago, count } from '../text/format.ts';
import { outsideText } from '../text/outsideText.ts';
import { errorsAbi } from './abi/errors.ts';
import type { Deployment } from './intents/readDeployment.ts';
import { readDeployment } from './intents/readDeployment.ts';
import { revertData } from './revertData.ts';
import { rpcFailure } from './rpcFailure.ts';

/** Why a contract refused, in words and in full. */
export interface Revert {
  readonly sentence: string;
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * Puts a refusal into words. For a missing role it says who holds it, which takes a read of the
 * registry; a failure of that read never fails the decoding.
 * @param error what the call was thrown with, or the returned bytes themselves
 */
export async function decodeRevert(chain: Chain, error: unknown, known?: Deployment): Promise<Revert> {
  const data = typeof error === 'string' ? (error as `0x${string}`) : revertData(error);
  if (data === undefined || data === '0x') {
    const said = typeof error === 'string' ? '' : rpcFailure(error).message;
    return { sentence: said === '' ? 'it reverted without a reason' : said, facts: {} };
  }
  const decoded = decode(data, errorsAbi);
  if (decoded === undefined) return ofPredeploy(data);
  const { name, args } = decoded;
  if (name === 'Unauthorized' || name === 'AccessControlUnauthorizedAccount') {
    return lacksRole(chain, String(args[0]) as Address, String(args[1]), known);
  }
  return { sentence: words(name, args), facts: { error: `${name}(${args.map(String).join(', ')})` } };
}

/**
 * Errors of Tempo's predeploys: the DEX, the tokens, the fee manager and the rest. Loaded when needed, as
 * every command would otherwise read 300 KB of ABIs at its start.
 */
async function ofPredeploy(data: `0x${string}`): Promise<Revert> {
  const { coreErrors } = await import('./tempo.ts');
  const decoded = decode(data, coreErrors as Abi);
  if (decoded === undefined) return { sentence: 'it reverted with an unknown error', facts: { data } };
  const error = `${decoded.name}(${decoded.args.map(String).join(', ')})`;
  const sentence = predeployWords[decoded.name] ?? `a Tempo predeploy reverted with ${error}`;
  return { sentence, facts: { error } };
}

/** Errors that an unwind, a withdrawal or a placement can meet; all others are quoted by name. */
const predeployWords: Readonly<Record<string, string>> = {
  OrderDoesNotExist: 'an order no longer exists on the DEX (OrderDoesNotExist)',
  PairDoesNotExist: 'the DEX has no book for the token (PairDoesNotExist)',
  PolicyForbids: "the token's transfer policy forbids it (PolicyForbids)",
  ContractPaused: 'the token itself is paused (ContractPaused)',
  InsufficientAllowance: 'the allowance of the token is too small (InsufficientAllowance)',
};

function decode(
  data: `0x${string}`,
  abi: Abi,
): { readonly name: string; readonly args: readonly unknown[] } | undefined {
  try {
    const { errorName, args } = decodeErrorResult({ abi, data }) as {
      errorName: string;
      args?: readonly unknown[];
    };
    // Bytes and addresses are hex; any other text is the contract's own.
    const words = (value: unknown) =>
      typeof value === 'string' && !value.startsWith('0x') ? outsideText(value) : value;
    return { name: errorName, args: (args ?? []).map(words) };
  } catch {
    return undefined;
  }
}

const otherRoles = ['ORACLE', 'STRATEGIST', 'RISK_OFFICER', 'EMERGENCY', 'TREASURY_MANAGER'] as const;

function nameOfRole(id: string, deployment: Deployment | undefined): string {
  const read = Object.entries(deployment?.roles ?? {}).find(([, role]) => role.id === id)?.[0];
  if (read !== undefined) return read;
  if (/^0x0+$/.test(id)) return 'ADMIN';
  return otherRoles.find((name) => keccak256(stringToHex(name)) === id) ?? `role ${id}`;
}

async function lacksRole(
  chain: Chain,
  account: Address,
  role: string,
  known: Deployment | undefined,
): Promise<Revert> {
  const deployment = known ?? (await readDeployment(chain).catch(() => undefined));
  const name = nameOfRole(role, deployment);
  const members = Object.values(deployment?.roles ?? {}).find(({ id }) => id === role)?.members;
  return lacks(chain, { account, role: name, members: members?.known === true ? members.value : undefined });
}

/** "0xf39F…2266 lacks RISK_OFFICER on GovernanceRoles 0x7D5b…01af; held by 0x3C44…93BC" */
export function lacks(
  { contracts }: Pick<Chain, 'contracts'>,
  { account, role, members }: { account: Address; role: string; members: readonly Address[] | undefined },
): Revert {
  const registry = contracts.governanceRoles ?? '0x';
  const holders =
    members === undefined
      ? ''
      : members.length === 0
        ? '; no account holds it'
        : `; held by ${members.join(', ')}`;
  return {
    sentence: `${account} lacks ${role} on GovernanceRoles ${registry}${holders}`,
    facts: {
      signer: account,
      GovernanceRoles: registry,
      ...(members === undefined || members.length === 0 ? {} : { 'held by': members.join(', ') }),
    },
  };
}

function words(name: string, args: readonly unknown[]): string {
  const [first, second] = args;
  const number = (value: unknown) => count(BigInt(String(value)));
  const id = (value: unknown) => String(value);
  switch (name) {
    case 'ProtocolPaused':
      return 'the protocol is paused';
    case 'PairCircuitBroken':
      return `the breaker of pair ${id(first)} is open`;
    case 'StaleOracleData':
      return `the oracle's last signal is of ${age(first)}, older than the ${number(second)} s allowed`;
    case 'OracleNonceReplay':
      return `the oracle's nonce ${number(second)} is not above the last one, ${number(args[2])}`;
    case 'OracleTimestampNotMonotonic':
      return `the oracle's time ${number(second)} is not after the last one, ${number(args[2])}`;
    case 'OracleSignatureInvalid':
      return `${id(first)} signed, and is not an authorised oracle`;
    case 'InsufficientBalance':
      // The token's own refusal names itself; the vault's does not.
      if (args[2] !== undefined)
        return `the account holds ${number(first)} of token ${id(args[2])}, ${number(second)} are to be sent (smallest units)`;
      return `${number(second)} asked for, ${number(first)} available (smallest units)`;
    case 'ZeroAmount':
      return 'the amount is zero';
    case 'InvalidParams':
      return 'the contract calls the parameters invalid';
    case 'BalanceConsistencyViolation':
      return `the vault holds ${number(args[2])} of token ${id(first)}, less than the ${number(second)} of its book`;
    case 'NoActiveOrders':
      return `pair ${id(first)} has no active orders`;
    case 'AccessControlBadConfirmation':
      return 'a role can be renounced only by its holder';
    case 'Error':
      return String(first);
    case 'Panic':
      return `the contract failed by itself (panic 0x${BigInt(String(first)).toString(16)})`;
    default:
      return `${name}(${args.map(String).join(', ')})`;
  }
}

function age(timestamp: unknown): string {
  const seconds = Number(timestamp);
  return seconds === 0 ? 'never' : ago(new Date(seconds * 1000), new Date());
}
