import { encodeFunctionData, toFunctionSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import { type Answer, answer, known, unknown } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { tokenAbi } from '../abi/token.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { decodeRevert } from '../decodeRevert.ts';
import { informational } from '../informational.ts';
import { encodeCall } from '../intents/candidates.ts';
import type { IntentRequest } from '../intents/intent.ts';
import { type Deployment, readDeployment } from '../intents/readDeployment.ts';
import { hasFunction, resolveIntent } from '../intents/resolveIntent.ts';
import { signalTypedData } from '../oracle/signalTypedData.ts';
import { readChainId } from '../readChainId.ts';
import { readHead } from '../readHead.ts';
import { sameAddress } from '../sameAddress.ts';
import { simulateCalls } from '../transactions/simulate.ts';
import type { Call } from '../transactions/transaction.ts';
import { readPairTokens } from '../treasury/findToken.ts';
import { tryRead } from '../tryRead.ts';

/** What a pause or a breaker may stop; which of these it does stop is a property of the build. */
export const stoppable = {
  deploy: 'new capital to the strategy',
  place: 'new orders on the DEX',
  deposit: 'deposits',
  withdraw: 'withdrawals',
  signal: 'oracle signals',
} as const;

export type StopAction = keyof typeof stoppable;

/** One action, as the simulation showed it. Plain data: it goes into the journal. */
export type Stop = {
  readonly action: StopAction;
  readonly effect: 'stopped' | 'not-stopped' | 'unknown';
  /** Why it is unknown; null otherwise. */
  readonly reason: string | null;
};

export type Stops = readonly Stop[];

type CallFrom = Call & { readonly from: Address };

export interface ReadStopsParameters {
  readonly stop: 'pause' | 'breaker';
  /** The pair that is tried; undefined where none is known, and then nothing can be. */
  readonly pair: `0x${string}` | undefined;
  /** Whether the stop is active: then what works without it is simulated with its end. */
  readonly isThere: boolean;
  readonly deployment?: Deployment | undefined;
  /** Of all of it, in milliseconds: it is information, and holds up nothing. */
  readonly limitMs: number;
}

/** One whole unit of a stablecoin, which has 6 decimals everywhere here. */
const whole = 1_000_000n;
/** The DEX's smallest order: MIN_ORDER_AMOUNT of the predeploy. */
const smallestOrder = 100n * whole;
/** For a build that splits an amount into at most 20 orders a side. */
const twentyOrders = 20n * smallestOrder;

/**
 * What a pause or a breaker stops on what is deployed here, by trying each action without and with it, from
 * accounts that hold the roles. Nothing is sent. An action counts as stopped only where it works without
 * the stop and reverts with it, or reverts for the stop's own reason.
 * @returns unknown where nothing could be tried; never rejects
 */
export async function readStops(chain: Chain, parameters: ReadStopsParameters): Promise<Answer<Stops>> {
  const read = await informational(tryAll(chain, parameters), parameters.limitMs);
  return read.known ? read.value : read;
}

async function tryAll(
  chain: Chain,
  { stop, pair, isThere, deployment: given }: ReadStopsParameters,
): Promise<Answer<Stops>> {
  if (pair === undefined) return unknown('no pair is known to try it on');
  const [deployment, strategists, head] = await Promise.all([
    given ?? readDeployment(chain),
    answer(readStrategists(chain)),
    readHead(chain),
  ]);
  const [scene, change] = await Promise.all([
    openScene(chain, { pair, deployment, strategists, now: head.timestamp + 1 }),
    resolveIntent(chain, intentOf(stop, pair, isThere), deployment),
  ]);
  const [from] = change.holders;
  if (from === undefined) return unknown(change.holdersUnknown ?? `no account holds ${change.role.name}`);
  const toggle = { from, to: change.address, data: change.data };
  // After every time that the contracts can have seen, so that a signal of this moment is newer.
  const trial = { toggle, isThere, time: head.timestamp + 2, deployment };
  const stops = await Promise.all(
    (Object.keys(stoppable) as StopAction[]).map(async (action): Promise<Stop | 'unsupported'> => {
      const attempts = attemptsOf(action, scene);
      if (!attempts.known) return { action, effect: 'unknown', reason: attempts.reason };
      let reason = 'no account that may do it was found';
      for (const attempt of attempts.value) {
        const judged = await judge(chain, attempt, trial);
        if (judged === 'unsupported') return judged;
        if (judged.known) return { action, effect: judged.value, reason: null };
        reason = judged.reason;
      }
      return { action, effect: 'unknown', reason };
    }),
  );
  const tried = stops.filter((one) => one !== 'unsupported');
  return tried.length === stops.length
    ? known(tried)
    : unknown('the RPC node cannot try several calls in a row (eth_simulateV1)');
}

/** What brings the stop about, or ends it where it is there. */
function intentOf(stop: ReadStopsParameters['stop'], pair: `0x${string}`, isThere: boolean): IntentRequest {
  if (stop === 'pause') return { intent: isThere ? 'unpauseProtocol' : 'pauseProtocol' };
  return { intent: isThere ? 'resetBreaker' : 'tripBreaker', pair };
}

/** An action of one account, with what has to be so before it can work. */
interface Attempt {
  /** May fail: the action itself then says what it lacked. */
  readonly before: readonly CallFrom[];
  readonly call: CallFrom;
}

interface Trial {
  readonly toggle: CallFrom;
  readonly isThere: boolean;
  /** Of the block it is tried in, in seconds since 1970. */
  readonly time: number;
  readonly deployment: Deployment;
}

async function judge(
  chain: Chain,
  { before, call }: Attempt,
  { toggle, isThere, time, deployment }: Trial,
): Promise<Answer<'stopped' | 'not-stopped'> | 'unsupported'> {
  // An end comes before the preparations, which may need it; a stop comes after them.
  const toggled = isThere ? [toggle, ...before, call] : [...before, toggle, call];
  const [asItIs, changed] = await Promise.all([
    simulateCalls(chain, [...before, call], { time }),
    simulateCalls(chain, toggled, { time }),
  ]);
  if (asItIs === undefined || changed === undefined) return 'unsupported';
  const words = async (data: string) => (await decodeRevert(chain, data, deployment)).sentence;
  const toggling = changed[toggled.indexOf(toggle)];
  const [free, stopped] = isThere ? [changed.at(-1), asItIs.at(-1)] : [asItIs.at(-1), changed.at(-1)];
  if (toggling === undefined || free === undefined || stopped === undefined) {
    throw new Error('one result for each call');
  }
  if (!toggling.ok) return unknown(`not tried: ${await words(toggling.data)}`);
  if (stopped.ok) return known('not-stopped');
  // Where another stop is there, it refuses with or without this one.
  if (free.ok || (isStopError(stopped.data) && !isStopError(free.data))) return known('stopped');
  return unknown(`it would revert anyway: ${await words(free.data)}`);
}

/** What pauses and breakers refuse with, in all known builds and in OpenZeppelin's. */
const stopErrors = ['ProtocolPaused()', 'PairCircuitBroken(bytes32)', 'EnforcedPause()'].map((signature) =>
  toFunctionSelector(`function ${signature}`),
);

function isStopError(data: string): boolean {
  return stopErrors.some((selector) => data.startsWith(selector));
}

interface Scene {
  readonly vault: Address | undefined;
  readonly strategy: Address | undefined;
  readonly strategyCode: `0x${string}`;
  readonly pair: `0x${string}`;
  /** The pair's, as the strategy has them. */
  readonly tokens: readonly Address[];
  readonly managers: readonly Address[];
  /** Who may place orders: at most one. */
  readonly strategists: Answer<readonly Address[]>;
  /** A signal that the contract accepts, and what has to be done for it before. */
  readonly signal: Answer<{ readonly before: readonly CallFrom[]; readonly call: CallFrom }>;
}

interface SceneParameters {
  readonly pair: `0x${string}`;
  readonly deployment: Deployment;
  /** Who may place orders: at most one. */
  readonly strategists: Answer<readonly Address[]>;
  /** Seconds since 1970. */
  readonly now: number;
}

async function openScene(
  chain: Chain,
  { pair, deployment, strategists, now }: SceneParameters,
): Promise<Scene> {
  const { treasuryVault: vault, dexStrategy: strategy } = chain.contracts;
  const [tokens, signal] = await Promise.all([
    readPairTokens(chain, pair),
    signalOf(chain, { pair, deployment, now }),
  ]);
  const { owner, roles } = deployment;
  const seen = roles.TREASURY_MANAGER.seen.slice(0, 1);
  const also = owner.known && owner.value !== null ? [owner.value] : [];
  return {
    vault,
    strategy,
    strategyCode: deployment.code.dexStrategy,
    pair,
    tokens,
    managers: [...seen, ...also.filter((one) => !seen.some((other) => sameAddress(one, other)))],
    strategists,
    signal,
  };
}

/** The ways to try an action, the likeliest first. */
function attemptsOf(action: StopAction, scene: Scene): Answer<readonly Attempt[]> {
  const { vault, strategy, pair, tokens, managers, strategists, signal } = scene;
  const [token] = tokens;
  if (action === 'signal') return signal.known ? known([signal.value]) : signal;
  if (token === undefined) return unknown('the strategy does not return the tokens of the pair');
  if (vault === undefined || strategy === undefined) {
    return unknown('the addresses of TreasuryVault and DexStrategy are not both set');
  }
  const move = (from: Address, of: Address, to: Address, amount: bigint): CallFrom => ({
    from,
    to: of,
    data: encodeFunctionData({ abi: tokenAbi, functionName: 'transfer', args: [to, amount] }),
  });
  // A stale oracle stops trade on some builds, and is nothing that a pause or a breaker did.
  const fresh = signal.known ? [...signal.value.before, signal.value.call] : [];
  if (action === 'place') {
    const placings = placingsOf(scene.strategyCode, pair);
    if (placings.length === 0) return unknown('no known function of this strategy places orders');
    if (!strategists.known) return strategists;
    const [strategist] = strategists.value;
    if (strategist === undefined) return unknown('no holder of STRATEGIST was found');
    return known(
      placings.map(({ data, amount }) => ({
        before: [...fresh, ...tokens.map((of) => move(vault, of, strategy, amount))],
        call: { from: strategist, to: strategy, data },
      })),
    );
  }
  return known(
    managers.map((from): Attempt => {
      const call = (data: `0x${string}`): CallFrom => ({ from, to: vault, data });
      const abi = treasuryVaultAbi;
      if (action === 'withdraw') {
        const args = [token, 1n, from] as const;
        return { before: [], call: call(encodeFunctionData({ abi, functionName: 'withdraw', args })) };
      }
      if (action === 'deploy') {
        const args = [strategy, token, 1n, pair] as const;
        const data = encodeFunctionData({ abi, functionName: 'deployToStrategy', args });
        return { before: fresh, call: call(data) };
      }
      const approve = encodeFunctionData({ abi: tokenAbi, functionName: 'approve', args: [vault, 1n] });
      return {
        before: [move(vault, token, from, 1n), { from, to: token, data: approve }],
        call: call(encodeFunctionData({ abi, functionName: 'deposit', args: [token, 1n] })),
      };
    }),
  );
}

/** How a build may place orders, and how much of each token that takes. The first one found decides. */
function placingsOf(
  code: `0x${string}`,
  pair: `0x${string}`,
): readonly { readonly data: `0x${string}`; readonly amount: bigint }[] {
  // Amount, tick, whether it is a bid.
  const order = [smallestOrder, 10, false] as const;
  const possible = [
    ['placeOrders(bytes32,(uint128,int16,bool)[])', [pair, [order]], smallestOrder],
    ['deployLiquidity(bytes32,uint128,uint128,int16)', [pair, twentyOrders, twentyOrders, 0], twentyOrders],
    ['deployLiquidity(bytes32)', [pair], twentyOrders],
    // Where orders are there already: places them anew.
    ['adjustPositions(bytes32)', [pair], twentyOrders],
  ] as const;
  return possible
    .filter(([signature]) => hasFunction(code, signature))
    .map(([signature, args, amount]) => ({ data: encodeCall({ signature, args }), amount }));
}

/** At most one: who may place orders. */
async function readStrategists(chain: Chain): Promise<readonly Address[]> {
  const { governanceRoles: address } = chain.contracts;
  if (address === undefined) return [];
  const contract = { address, abi: governanceRolesAbi };
  const role = await tryRead<`0x${string}`>(chain, { ...contract, functionName: 'STRATEGIST_ROLE' });
  if (role === undefined) return [];
  const args = [role, 0n];
  const member = await tryRead<Address>(chain, { ...contract, functionName: 'getRoleMember', args });
  return member === undefined ? [] : [member];
}

/**
 * A signal of a key made up for this moment, which an ADMIN makes an oracle before, in the simulation alone:
 * the real oracle's key is needed for nothing here.
 */
async function signalOf(
  chain: Chain,
  { pair, deployment, now }: Omit<SceneParameters, 'strategists'>,
): Promise<Scene['signal']> {
  const { riskController } = chain.contracts;
  const [admin] = deployment.roles.ADMIN.seen;
  if (riskController === undefined) return unknown('the address of RiskController is not set');
  if (admin === undefined) {
    const { members } = deployment.roles.ADMIN;
    return members.known ? unknown('no account holds ADMIN') : members;
  }
  const { randomAccount } = await import('../signers/oracleSigner.ts');
  const oracle = randomAccount();
  const [chainId, nonce, grant] = await Promise.all([
    chain.expectedId ?? readChainId(chain),
    tryRead<bigint>(chain, {
      address: riskController,
      abi: riskControllerAbi,
      functionName: 'oracleNonces',
      args: [pair],
    }),
    answer(resolveIntent(chain, { intent: 'authoriseOracle', oracle: oracle.address }, deployment)),
  ]);
  if (nonce === undefined) return unknown('RiskController does not return oracleNonces');
  if (!grant.known) return grant;
  const signal = {
    referenceTick: 0,
    pegDeviation: 0n,
    // Enough for whatever depth a build asks for.
    orderbookDepthBid: 10n ** 30n,
    orderbookDepthAsk: 10n ** 30n,
    timestamp: BigInt(now),
    nonce: nonce + 1n,
  };
  const signature = await oracle.signTypedData(signalTypedData({ chainId, riskController, pair, signal }));
  const data = encodeFunctionData({
    abi: riskControllerAbi,
    functionName: 'updateOracleSignal',
    args: [pair, signal, signature],
  });
  return known({
    before: [{ from: admin, to: grant.value.address, data: grant.value.data }],
    call: { from: admin, to: riskController, data },
  });
}
