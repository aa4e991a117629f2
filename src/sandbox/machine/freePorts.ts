import { createServer, type ListenOptions, type Server } from 'node:net';

/**
 * Ports on 127.0.0.1 without a listener, which no other sandbox of this machine gets while
 * this process lives: what is to listen there takes seconds to come up. Taken from below the range that
 * the kernel hands out for outgoing connections, so that none of those comes in between.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!found.includes(port) && (await claim(port)) && (await isFree(port))) found.push(port);
  }
  return found;
}

/** By a name in Linux's abstract namespace: it leaves no file behind, and goes with the process however that ends. */
async function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const server = await listen({ path: `\0tv-sandbox-port-${port}` });
  server?.unref();
  return server !== undefined;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen({ host: '127.0.0.1', port });
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** Undefined where another process has it. */
function listen(where: ListenOptions): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(where, () => resolve(server));
  });
}
