import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type AnvilParameters, anvilCommand } from '../../src/sandbox/chain/anvilCommand.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';

export interface SandboxChain extends AsyncDisposable {
  readonly url: string;
}

/** The sandbox's own chain, started as the sandbox starts it. */
export async function sandboxChain(parameters: Omit<AnvilParameters, 'port'>): Promise<SandboxChain> {
  const [port = 0] = await freePorts(1);
  const [program = '', ...args] = anvilCommand({ ...parameters, port });
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const answers = () =>
    rpc(url, 'eth_chainId').then(
      () => true,
      () => false,
    );
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`anvil ended with ${child.exitCode} before it answered`);
    await delay(20);
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
