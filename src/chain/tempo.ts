// The parts of `viem/tempo` that tv uses, to be imported when they are needed: its ABIs are 300 KB. An `import()` of
// the package itself would keep all of it, and with it every action of viem in what each command loads.
import { Abis, Transaction } from 'viem/tempo';

/** Errors of Tempo's predeploys: the DEX, the tokens, the fee manager and the rest. */
export const { coreErrors } = Abis;

export const serializeTransaction = Transaction.serialize;
