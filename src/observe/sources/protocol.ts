import { type Protocol, readProtocol } from '../../chain/readProtocol.ts';
import type { Source } from '../sourceReader.ts';
import { ofTheChain } from './chain.ts';

/** What is deployed at the addresses of the settings, and whether it is paused. */
export const protocol: Source<Protocol> = {
  title: 'protocol',
  read: (reader) => ofTheChain(reader, (ctx) => readProtocol(ctx.chain())),
  describe: ({ paused }) =>
    paused === undefined ? 'paused state unknown: no contract returns it' : paused ? 'PAUSED' : 'not paused',
};
