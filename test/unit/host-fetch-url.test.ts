import { expect, it } from 'vitest';
import { fetchUrl } from '../../src/host/fetchUrl.ts';
import type { CommandOutput, Host } from '../../src/runbook/context.ts';

const answer: CommandOutput = {
  exitCode: 0,
  stdout: 'HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\nhere',
  stderr: '',
};
const failed = (stderr: string): CommandOutput => ({ exitCode: 1, stdout: '', stderr });
const reset = failed('curl: (56) Recv failure: Connection reset by peer');

/** What curl does on a host, one call after the other. */
async function fetched(...outputs: readonly CommandOutput[]) {
  let calls = 0;
  const host = { run: async () => outputs[Math.min(calls++, outputs.length - 1)] } as unknown as Host;
  const got = await fetchUrl(host, { url: 'http://127.0.0.1:1/', limitSeconds: 1 }).catch(
    (error: unknown) => error,
  );
  return { got, calls };
}

it.each<[string, CommandOutput]>([
  ['reset', reset],
  ['ended without a reply', failed('curl: (52) Empty reply from server')],
])('a connection that is %s, as by a server that is reloaded → asked once more', async (_, first) => {
  const { got, calls } = await fetched(first, answer);
  expect([calls, got]).toEqual([2, expect.objectContaining({ status: 200, body: 'here' })]);
});

it('reset again and again → no answer, after two requests', async () => {
  const { got, calls } = await fetched(reset);
  expect([calls, got]).toEqual([
    2,
    expect.objectContaining({ message: 'No HTTP answer from http://127.0.0.1:1/.' }),
  ]);
});

it.each<[string, CommandOutput, unknown]>([
  ['an answer', answer, expect.objectContaining({ status: 200 })],
  ['nothing that listens', failed("curl: (7) Failed to connect: Couldn't connect to server"), undefined],
  ['no answer in time', failed('curl: (28) Operation timed out'), expect.objectContaining({ exitCode: 1 })],
])('%s → asked once', async (_, output, expected) => {
  const { got, calls } = await fetched(output);
  expect([calls, got]).toEqual([1, expected]);
});
