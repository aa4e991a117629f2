import { type Answer, known, unknown } from '../errors/answer.ts';
import { firstWords } from '../text/firstWords.ts';
import { streamProcess } from './runProcess.ts';

export interface AnvilForkParameters {
  /** Of the chain. It stands on a command line that every user of the machine can read: no secret may be in it. */
  readonly upstream: string;
  /** The state after this block. */
  readonly block: number;
  readonly network: 'tempo' | 'plain';
  /** Ends the start, and the fork. */
  readonly signal: AbortSignal;
}

export interface AnvilFork extends AsyncDisposable {
  readonly url: string;
}

/** As anvil prints it once it answers: `Listening on 127.0.0.1:38619`. */
const listening = /^Listening on (127\.0\.0\.1:\d+)$/;

/**
 * Starts the `anvil` of this machine, on a free port of loopback, with the state of a chain. It has no accounts of
 * its own, mines nothing and writes no file. It ends with `dispose`, or with this process.
 * @returns unknown where it is not installed or does not start
 * @throws the signal's reason when it is aborted
 */
export async function startAnvilFork(parameters: AnvilForkParameters): Promise<Answer<AnvilFork>> {
  const { upstream, block, network, signal } = parameters;
  const lines = streamProcess({
    file: 'anvil',
    arguments: [
      ...(network === 'tempo' ? ['--network', 'tempo'] : []),
      ...['--fork-url', upstream, '--fork-block-number', String(block), '--no-storage-caching'],
      ...['--host', '127.0.0.1', '--port', '0', '--accounts', '0', '--no-mining'],
      // All transactions of a plan share the gas of one block.
      ...['--gas-limit', '1000000000', '--retries', '1'],
    ],
    kind: 'plain',
    killPrefix: [],
    signal,
  });
  for (;;) {
    const read = await lines.next();
    if (read.done) {
      const end = read.value;
      if (end.kind === 'not-started') return unknown('anvil is not installed here for a local fork');
      const words = end.kind === 'exited' ? firstWords(end.output.stderr, 120) : '';
      return unknown(`anvil did not fork the chain${words === '' ? '' : `: ${words}`}`);
    }
    const [, place] =
      read.value.map((line) => listening.exec(line.trim())).find((found) => found !== null) ?? [];
    if (place === undefined) continue;
    return known({
      url: `http://${place}`,
      async [Symbol.asyncDispose]() {
        // Nothing more is read: returning ends the process.
        await lines.return({ kind: 'timeout' });
      },
    });
  }
}
