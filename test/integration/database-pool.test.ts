import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { connectDatabase } from '../../src/database/connectDatabase.ts';

it('a database closed while a statement of it connects → that one fails, and nothing else', async () => {
  const asked: Socket[] = [];
  const server = createServer((socket) => {
    asked.push(socket);
    socket.on('error', () => {});
    server.emit('asked');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stray: unknown[] = [];
  const note = (reason: unknown) => stray.push(reason);
  process.on('unhandledRejection', note);
  try {
    const database = connectDatabase({
      url: `postgres://someone@127.0.0.1:${port}/some`,
      timeoutMs: 5_000,
      applicationName: 'tv',
    });
    const connecting = once(server, 'asked');
    const statement = database.kysely.selectFrom('pg_catalog.pg_database').select('oid').execute();
    const outcome = statement.then(
      () => 'answered',
      () => 'failed',
    );
    await connecting;
    const closed = database.close();
    // "No TLS here", after which tv continues without it.
    for (const socket of asked) socket.write('N');
    await closed;
    expect(await outcome).toBe('failed');
    // Unhandled rejections are reported after the microtasks of the turn.
    await new Promise(setImmediate);
    expect(stray).toEqual([]);
    expect(asked).toHaveLength(1);
  } finally {
    process.off('unhandledRejection', note);
    for (const socket of asked) socket.destroy();
    server.close();
  }
});
