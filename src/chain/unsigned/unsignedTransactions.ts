import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { onThisMachine } from '../../errors/advice.ts';
import { exitCodes, TvError, UsageError } from '../../errors/TvError.ts';
import type { Context } from '../../runbook/context.ts';
import { field, type Printout } from '../../runbook/define.ts';
import type { Paint } from '../../runbook/paint.ts';
import { shortened } from '../../text/format.ts';
import { aligned, wrap } from '../../text/layout.ts';
import { quoteForShell } from '../../text/shellLine.ts';
import { assertChainId, onRightChain } from '../assertChainId.ts';
import { contractTitles, type ResolvedIntent } from '../intents/intent.ts';
import { sameAddress } from '../sameAddress.ts';
import { safeBatch } from './safeBatch.ts';

/** For the input of every command that sends transactions. */
export const unsignedInput = {
  calldata: field(
    '--calldata',
    'print target, value, calldata and the decoded call, for a key that is elsewhere; send nothing',
    z.boolean().default(false),
  ),
  safe: field(
    '--safe <file>',
    "write a new batch file for Safe's transaction builder, of calls that one account may send; send nothing",
    z.string().min(1).optional(),
  ),
};

export interface UnsignedInput {
  readonly calldata: boolean;
  readonly safe?: string | undefined;
}

/** What is printed of them. */
export type UnsignedTransactions = {
  readonly chainId: number;
  readonly transactions: readonly (Omit<ResolvedIntent, 'address'> & {
    readonly to: ResolvedIntent['address'];
    /** In the native token's smallest unit. */
    readonly value: '0';
  })[];
  readonly warnings: readonly string[];
  /** The batch file that was written; null without `--safe`. */
  readonly file: string | null;
};

/**
 * What a command would send, for another signer. Undefined where the input does not ask for
 * it; then nothing is looked up.
 * @param resolveCalls is given what it may say to whoever is to sign
 * @throws TvError where an intent cannot be resolved, a node is on another chain, the file is there already,
 * or no single account may send all that is to go into it
 */
export async function unsignedTransactions(
  ctx: Context,
  input: UnsignedInput,
  title: string,
  resolveCalls: (warn: (sentence: string) => void) => Promise<readonly ResolvedIntent[]>,
): Promise<Printout<UnsignedTransactions> | undefined> {
  if (!input.calldata && input.safe === undefined) return undefined;
  const file = input.safe === undefined ? null : resolve(input.safe);
  if (file !== null) assertNewFile(file);
  const right = assertChainId(ctx.chain());
  const warnings: string[] = [];
  const intents = await onRightChain(
    right,
    resolveCalls((sentence) => warnings.push(sentence)),
  );
  const chainId = await right;
  if (file !== null) assertOneHolder(intents);
  const calls = intents.map(({ address, data }) => ({ to: address, data }));
  const description = intents.map(decoded).join('; ');
  const createdAt = ctx.clock.now().getTime();
  const name = `tv: ${title.toLowerCase()}`;
  return {
    data: {
      chainId,
      transactions: intents.map(({ address, data, ...rest }) => ({ to: address, value: '0', data, ...rest })),
      warnings,
      file,
    },
    files:
      file === null
        ? []
        : [{ path: file, text: safeBatch({ chainId, name, description, createdAt, calls }) }],
    render: (paint) => render(paint, title, chainId, { intents, warnings, file }),
  };
}

/**
 * A batch that another person may be about to sign is never replaced, and a mistyped folder is
 * not made.
 * @param file in full
 * @throws UsageError
 */
function assertNewFile(file: string): void {
  if (existsSync(file)) {
    throw new UsageError(
      'usage.output-file',
      'The file of --safe is there already, and is not overwritten.',
      {
        facts: { file },
        next: [
          '--safe with another name',
          onThisMachine(`rm ${quoteForShell(file)}`, 'or take it away first'),
        ],
      },
    );
  }
  if (!existsSync(dirname(file))) {
    throw new UsageError('usage.output-file', 'The folder for the file of --safe is not there.', {
      facts: { folder: dirname(file) },
      next: [onThisMachine(`mkdir -p ${quoteForShell(dirname(file))}`)],
    });
  }
}

/** The accounts that may make a call, for a person; says where the list is not complete. */
function heldBy({ holders, holdersUnknown }: ResolvedIntent): string {
  const listed = holders.join(', ');
  if (holdersUnknown === undefined) return listed === '' ? 'no account' : listed;
  return listed === ''
    ? `unknown accounts (${holdersUnknown})`
    : `${listed} and perhaps others (${holdersUnknown})`;
}

/**
 * A Safe sends the whole batch as one account. Where a list of holders is not complete, it is not checked.
 * @throws TvError where no account may send all of it
 */
function assertOneHolder(intents: readonly ResolvedIntent[]): void {
  const [first, ...others] = intents;
  if (first === undefined || intents.some(({ holdersUnknown }) => holdersUnknown !== undefined)) return;
  const mayAll = first.holders.some((one) =>
    others.every(({ holders }) => holders.some((other) => sameAddress(one, other))),
  );
  if (mayAll) return;
  const unpause = intents.find(({ intent }) => intent === 'unpauseProtocol');
  throw new TvError(
    'chain.no-common-sender',
    'No account may send all of this, so a single Safe cannot execute the batch.',
    {
      exitCode: exitCodes.blocked,
      facts: Object.fromEntries(
        intents.map((intent, index) => [
          `${index + 1} ${intent.signature}`,
          `${intent.role.name}, held by ${heldBy(intent)}`,
        ]),
      ),
      next: [
        '--calldata instead: each holder sends its own, in this order',
        ...(unpause === undefined
          ? []
          : [`or have a holder of ${unpause.role.name} end the pause first, then the same command`]),
      ],
    },
  );
}

/** `RiskController.triggerCircuitBreaker(0x…)` */
function decoded({ contract, signature, args }: ResolvedIntent): string {
  return `${contractTitles[contract]}.${signature.split('(')[0]}(${args.join(', ')})`;
}

function render(
  paint: Paint,
  title: string,
  chainId: number,
  {
    intents,
    warnings,
    file,
  }: Readonly<{
    intents: readonly ResolvedIntent[];
    warnings: readonly string[];
    file: string | null;
  }>,
): string {
  const blocks = intents.map((intent, index) =>
    [
      `${index + 1}  ${paint.bold(`${contractTitles[intent.contract]}.${intent.signature}`)}`,
      aligned(
        [
          ['to', intent.address],
          ['value', '0'],
          ['calldata', intent.data],
          ['decoded', decoded(intent)],
          ['signer', `${intent.role.name}, held by ${heldBy(intent)}`],
        ],
        paint.width,
        '   ',
      ),
    ].join('\n'),
  );
  const remarks = warnings.map(
    (sentence) => `${paint.warn('!')}  ${wrap(shortened(sentence, paint), paint.width - 3, '   ')}`,
  );
  const end = intents.length === 0 ? ['There is nothing to send.'] : [];
  const written = file === null ? [] : [`Safe batch written to ${file}`];
  return `${[`${paint.bold(title)} · chain ${chainId} · nothing is sent`, ...blocks, ...end, ...remarks, ...written].join('\n\n')}\n`;
}
