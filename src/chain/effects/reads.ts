import { type Abi, decodeFunctionData, encodeFunctionData } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import type { Change, PlannedTransaction } from '../../runbook/effects.ts';
import { dexStrategyAbi } from '../abi/dexStrategy.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { tokenAbi } from '../abi/token.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { decode, type ReadCall } from '../tryRead.ts';
import { lower } from './changes.ts';

/** Something to read before and after the transactions. The same key is the same question. */
export type Question =
  | { readonly kind: 'balance'; readonly token: Address; readonly account: Address }
  | { readonly kind: 'dex balance'; readonly token: Address }
  | { readonly kind: 'dex' }
  | { readonly kind: 'symbol' | 'decimals'; readonly token: Address }
  | { readonly kind: 'role'; readonly role: `0x${string}`; readonly account: Address }
  | { readonly kind: 'pause'; readonly contract: Address }
  | { readonly kind: 'breaker' | 'breaker of the runbook'; readonly pair: `0x${string}` }
  | { readonly kind: 'oracle'; readonly contract: Address };

export function keyOf(question: Question): string {
  return Object.values(question).join(' ');
}

/** Undefined where the settings do not name the contract that returns it. */
export function callOf({ contracts }: Pick<Chain, 'contracts'>, question: Question): ReadCall | undefined {
  const { governanceRoles, riskController, dexStrategy } = contracts;
  const of = (address: Address | undefined, abi: Abi, functionName: string, ...args: unknown[]) =>
    address === undefined ? undefined : { address, abi, functionName, args };
  switch (question.kind) {
    case 'balance':
      return of(question.token, tokenAbi, 'balanceOf', question.account);
    case 'dex balance':
      return of(dexStrategy, dexStrategyAbi, 'getDexBalance', question.token);
    case 'dex':
      return of(dexStrategy, dexStrategyAbi, 'dex');
    case 'symbol':
    case 'decimals':
      return of(question.token, tokenAbi, question.kind);
    case 'role':
      return of(governanceRoles, governanceRolesAbi, 'hasRole', question.role, question.account);
    case 'pause':
      return of(question.contract, treasuryVaultAbi, 'paused');
    case 'breaker':
      return of(riskController, riskControllerAbi, 'pairCircuitBroken', question.pair);
    case 'breaker of the runbook':
      return of(riskController, riskControllerAbi, 'circuitBroken', question.pair);
    case 'oracle':
      return of(question.contract, riskControllerAbi, 'oracleAddress');
  }
}

export function encodeRead({ address, abi, functionName, args = [] }: ReadCall) {
  return { to: address, data: encodeFunctionData({ abi: abi as Abi, functionName, args }) };
}

export function decodeRead({ abi, functionName }: ReadCall, data: string): unknown {
  return decode(abi as Abi, functionName, data as `0x${string}`);
}

const abis: Abi = [
  ...riskControllerAbi,
  ...governanceRolesAbi,
  ...dexStrategyAbi,
  ...treasuryVaultAbi,
  ...tokenAbi,
];

/** What the calls of a transaction are about, as far as they say so. */
export function questionsOfCalls(
  { contracts }: Pick<Chain, 'contracts'>,
  { from, calls, tokens = [] }: PlannedTransaction,
): readonly Question[] {
  const capital = (token: Address): readonly Question[] => [
    ...[contracts.treasuryVault, contracts.dexStrategy].flatMap((account) =>
      account === undefined ? [] : [{ kind: 'balance' as const, token, account: lower(account) }],
    ),
    { kind: 'dex balance', token },
    { kind: 'dex' },
  ];
  return [
    ...tokens.map(lower).flatMap(capital),
    ...calls.flatMap(({ to, data }) => questionsOf(lower(to), data)),
  ];

  function questionsOf(to: Address, data: `0x${string}`): readonly Question[] {
    const call = decodeCall(data);
    const [first, second, third] = (call?.args ?? []).map((arg) =>
      typeof arg === 'string' ? lower(arg as `0x${string}`) : '0x',
    ) as `0x${string}`[];
    switch (call?.functionName) {
      case 'withdraw':
        if (first === undefined || third === undefined) return [];
        return [...capital(first), { kind: 'balance', token: first, account: third }];
      case 'transfer':
        if (first === undefined) return [];
        return [lower(from), first].map((account) => ({ kind: 'balance', token: to, account }));
      case 'grantRole':
      case 'revokeRole':
        if (first === undefined || second === undefined) return [];
        return [{ kind: 'role', role: first, account: second }];
      case 'setOracleAddress':
        return [{ kind: 'oracle', contract: to }];
      case 'triggerCircuitBreaker':
      case 'resetCircuitBreaker':
      case 'setCircuitBreaker':
        return first === undefined ? [] : breaker(first);
      case 'toggleGlobalPause':
      case 'pause':
      case 'unpause':
        return [{ kind: 'pause', contract: to }];
      default:
        return [];
    }
  }
}

function decodeCall(data: `0x${string}`) {
  try {
    return decodeFunctionData({ abi: abis, data });
  } catch {
    return undefined;
  }
}

const zero = /^0x0+$/;

/** What else is to be read, where the logs tell of something that no call names. */
export function questionsOfChanges(changes: readonly Change[]): readonly Question[] {
  return changes.flatMap((change): readonly Question[] => {
    switch (change.kind) {
      case 'transfer': {
        const { token, from, to } = change;
        if (token === null) return [];
        return [from, to]
          .filter((account) => !zero.test(account))
          .map((account) => ({ kind: 'balance', token, account }));
      }
      case 'role':
        return [{ kind: 'role', role: change.role as `0x${string}`, account: change.account }];
      case 'pause':
        return [{ kind: 'pause', contract: change.contract }];
      case 'breaker':
        return breaker(change.pair);
      case 'oracle':
        return [{ kind: 'oracle', contract: change.contract }];
      default:
        return [];
    }
  });
}

/** Both generations: the one that is not deployed reverts. */
function breaker(pair: `0x${string}`): readonly Question[] {
  return [
    { kind: 'breaker', pair },
    { kind: 'breaker of the runbook', pair },
  ];
}
