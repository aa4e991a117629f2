import { toFunctionSelector } from 'viem';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { rpcFailure } from '../rpcFailure.ts';
import { signerRoles } from '../signers/signer.ts';
import { type Candidate, candidates, encodeCall } from './candidates.ts';
import { contractTitles, type IntentRequest, type ResolvedIntent } from './intent.ts';
import { type Deployment, readDeployment } from './readDeployment.ts';

/**
 * Finds the functions that fulfil intents on what is really deployed: those whose selector is in the
 * bytecode, behind an EIP-1967 proxy too; where none is (another kind of proxy), by simulation.
 * @throws TvError where the deployment has no such function
 */
export async function resolveIntents(
  chain: Chain,
  requests: readonly IntentRequest[],
  known?: Deployment,
): Promise<readonly ResolvedIntent[]> {
  const deployment = known ?? (await readDeployment(chain));
  return Promise.all(requests.map((request) => resolve(chain, deployment, request)));
}

/** @throws TvError where the deployment has no such function */
export async function resolveIntent(
  chain: Chain,
  request: IntentRequest,
  known?: Deployment,
): Promise<ResolvedIntent> {
  const [resolved] = await resolveIntents(chain, [request], known);
  if (resolved === undefined) throw new Error('one intent, one answer');
  return resolved;
}

async function resolve(
  chain: Chain,
  deployment: Deployment,
  request: IntentRequest,
): Promise<ResolvedIntent> {
  const possible = candidates(request, deployment.roles.ORACLE.id).filter(
    ({ contract }) => chain.contracts[contract] !== undefined,
  );
  const chosen =
    possible.find((candidate) => isInCode(deployment, candidate)) ??
    (await firstThatAnswers(chain, deployment, possible));
  const address = chosen === undefined ? undefined : chain.contracts[chosen.contract];
  if (chosen === undefined || address === undefined) throw notThere(chain, deployment, request);
  const role = deployment.roles[chosen.role];
  return {
    intent: request.intent,
    contract: chosen.contract,
    address,
    signature: chosen.signature,
    args: chosen.args.map(String),
    data: encodeCall(chosen),
    role: { name: chosen.role, id: role.id, signer: signerRoles[chosen.role] },
    ...holdersOf(deployment, chosen),
  };
}

function isInCode({ code }: Deployment, { contract, signature }: Candidate): boolean {
  return hasFunction(code[contract], signature);
}

/** A dispatcher compares with the selector as a four-byte constant; leading zeros are left out. */
export function hasFunction(code: `0x${string}`, signature: string): boolean {
  const digits = toFunctionSelector(`function ${signature}`)
    .slice(2)
    .replace(/^(00)+/, '');
  return code.includes(`${(0x5f + digits.length / 2).toString(16)}${digits}`);
}

async function firstThatAnswers(
  chain: Chain,
  deployment: Deployment,
  possible: readonly Candidate[],
): Promise<Candidate | undefined> {
  const answers = await Promise.all(
    possible.map(async (candidate) => {
      const { holders, holdersUnknown } = holdersOf(deployment, candidate);
      const [from] = holders;
      const to = chain.contracts[candidate.contract];
      if (to === undefined || deployment.code[candidate.contract] === '0x') return false;
      if (from === undefined) {
        if (holdersUnknown === undefined) return false;
        throw new TvError(
          'chain.function-unknown',
          `Whether ${candidate.signature} works here is unknown: no holder of ${candidate.role} to try it was found.`,
          { facts: { contract: to, holders: holdersUnknown }, next: ['run the command again'] },
        );
      }
      try {
        await chain.client.request({
          method: 'eth_call',
          params: [{ from, to, data: encodeCall(candidate) }, 'latest'],
        });
        return true;
      } catch (error) {
        if (rpcFailure(error).kind === 'reverted') return false;
        return described(chain, Promise.reject(error));
      }
    }),
  );
  return possible.find((_, index) => answers[index] === true);
}

function holdersOf(
  { roles, owner }: Deployment,
  { role, signature }: Candidate,
): Pick<ResolvedIntent, 'holders' | 'holdersUnknown'> {
  const { members, seen } = roles[role];
  const ownerMay = signature.startsWith('withdraw(');
  const reason = !members.known ? members.reason : ownerMay && !owner.known ? owner.reason : undefined;
  const also = ownerMay && owner.known && owner.value !== null && !seen.includes(owner.value);
  return {
    holders: also ? [...seen, owner.value] : seen,
    ...(reason === undefined ? {} : { holdersUnknown: reason }),
  };
}

const wanted: Readonly<Record<IntentRequest['intent'], string>> = {
  tripBreaker: 'trips a breaker',
  resetBreaker: 'resets a breaker',
  pauseProtocol: 'pauses the protocol',
  unpauseProtocol: 'ends the pause',
  authoriseOracle: 'authorises an oracle',
  revokeOracle: 'revokes an oracle',
  unwindPair: 'unwinds a pair',
  withdraw: 'withdraws from the vault',
};

function notThere(chain: Chain, deployment: Deployment, request: IntentRequest): TvError {
  const tried = candidates(request, deployment.roles.ORACLE.id).map(({ contract, signature }) => {
    const address = chain.contracts[contract];
    const place = address ?? 'no address is set';
    const empty = address !== undefined && deployment.code[contract] === '0x';
    return [
      `${contractTitles[contract]}.${signature}`,
      empty ? `${place}, no contract there` : place,
    ] as const;
  });
  return new TvError('chain.function-missing', `No function that ${wanted[request.intent]} was found.`, {
    facts: Object.fromEntries(tried),
    next: [{ when: 'see whether the addresses are right', tv: ['config', 'show'] }],
  });
}
