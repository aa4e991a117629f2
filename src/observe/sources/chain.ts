import { assertChainId, onRightChain } from '../../chain/assertChainId.ts';
import { type Head, readHead } from '../../chain/readHead.ts';
import type { Context } from '../../runbook/context.ts';
import { ago, count } from '../../text/format.ts';
import type { Source, SourceReader } from '../sourceReader.ts';

/** The newest block, once all nodes are known to be on the chain of the settings. */
export const chain: Source<Head> = {
  title: 'chain',
  read: ({ ctx }) => onRightChain(assertChainId(ctx.chain()), readHead(ctx.chain())),
  describe: ({ number, timestamp }, now) => {
    const made = new Date(timestamp * 1000);
    return `head ${count(number)}, ${made > now ? 'just now' : ago(made, now)}`;
  },
};

/**
 * What a read of the chain said, where its nodes are on the chain of the settings. Both are asked at once. A node
 * of another chain returns the state of another deployment: then the failure is that of the source `chain`.
 */
export async function ofTheChain<T>(reader: SourceReader, read: (ctx: Context) => Promise<T>): Promise<T> {
  const right = reader.read(chain);
  return onRightChain(right, (async () => read(reader.ctx))());
}
