import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { callRpc } from './rpcServer.ts';

export interface AnvilNode extends AsyncDisposable {
  readonly url: string;
  call(method: string, params?: readonly unknown[]): Promise<unknown>;
}

/** The first of anvil's dev accounts, unlocked. */
export const devAccount = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';

/** Emits one log for each 32-byte word of its calldata, with that word as the only topic. */
export const loggerCode = '0x60005b368110600b5700005b803560006000a1602001600256';
/** Answers any call with true, with false, or with a revert. */
export const yesCode = '0x600160005260206000f3';
export const noCode = '0x600060005260206000f3';
export const revertCode = '0x60006000fd';

/** A real anvil on a port of its own choosing. */
export async function anvilNode(
  network: 'tempo' | 'ethereum',
  ...flags: readonly string[]
): Promise<AnvilNode> {
  const binary = createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/bin/anvil');
  const child = spawn(binary, ['--port', '0', '--network', network, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /Listening on \S+:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    url = `http://127.0.0.1:${port}`;
    break;
  }
  child.stdout.resume();
  if (url === undefined) throw new Error('anvil ended before it listened');
  const listening = url;
  return {
    url: listening,
    call: (method, params = []) => callRpc(listening, method, params),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Sends words of calldata from the first dev account, and returns once the transaction is in a block. */
export async function send(
  node: AnvilNode,
  to: string,
  words: readonly string[],
): Promise<{ hash: string; block: number }> {
  const data = `0x${words.map((word) => word.slice(2)).join('')}`;
  const transaction = { from: devAccount, to, data, gas: '0x1e8480' };
  const receipt = (await node.call('eth_sendTransactionSync', [transaction])) as {
    transactionHash: string;
    blockNumber: string;
  };
  return { hash: receipt.transactionHash, block: Number(receipt.blockNumber) };
}
