import { addressFrom, numberFrom, required } from './lib/environment.ts';
import { live, pause } from './lib/lifetime.ts';
import { printBuffered, printException } from './lib/pythonOutput.ts';
import { type SignalSubmitter, signalSubmitter } from './lib/signalSubmitter.ts';

const usage = 'Usage: oracle_relay <pair_id> <token_a> <token_b> [interval]';
/** As the real relay, where its command line names none. In seconds. */
const defaultIntervalSeconds = 60;

await live('oracle relay', async (stop) => {
  // From the command line, as the real relay: `.env` names neither pairs nor interval for it.
  const { pairs, intervalSeconds } = relayArguments(process.argv.slice(2));
  const parameters = {
    rpcUrl: required('RPC_URL'),
    chainId: numberFrom('CHAIN_ID'),
    riskController: addressFrom('RISK_CONTROLLER_ADDRESS'),
    privateKey: privateKey(),
    feeToken: process.env['FEE_TOKEN'] ? addressFrom('FEE_TOKEN') : undefined,
  };
  for (const pair of pairs) printBuffered(`Starting oracle relay for pair ${pair.id}`);
  let submitter: SignalSubmitter | undefined;

  while (!stop.aborted) {
    for (const pair of pairs) {
      if (stop.aborted) break;
      try {
        if (submitter === undefined) {
          submitter = await signalSubmitter(parameters);
          printBuffered(`Oracle address: ${submitter.address}`);
        }
        const { nonce, transactionHash, accepted } = await submitter.submit(pair.id);
        printBuffered(`Submitted oracle signal. Tx hash: ${transactionHash}`);
        if (!accepted) printBuffered('✗ Oracle signal rejected');
        else if (submitter.generation === 'deployed')
          printBuffered(`✓ Oracle signal accepted. Nonce: ${nonce}`);
        else printBuffered('Oracle signal submitted successfully');
      } catch (error) {
        printException(error, ['relay_loop', 'submit_oracle_signal']);
      }
    }
    printBuffered(`\nSleeping for ${intervalSeconds} seconds...`);
    await pause(intervalSeconds, stop);
  }
});

/** With or without `0x`. @throws Error that does not repeat the value */
function privateKey(): `0x${string}` {
  const digits = required('ORACLE_PRIVATE_KEY').replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw new Error('ORACLE_PRIVATE_KEY is not a private key');
  return `0x${digits}`;
}

interface RelayArguments {
  readonly pairs: readonly { readonly id: `0x${string}`; readonly tokens: readonly [string, string] }[];
  readonly intervalSeconds: number;
}

/**
 * The relay's command line: `PAIR_ID TOKEN_A TOKEN_B [INTERVAL]`. The real relay takes one pair; the
 * sandbox has three and must not run three relays on one key, so the first three words may be repeated.
 * @throws Error with the usage
 */
function relayArguments(words: readonly string[]): RelayArguments {
  const last = words.at(-1) ?? '';
  const interval = /^\d+$/.test(last) ? Number(last) : undefined;
  const rest = interval === undefined ? words : words.slice(0, -1);
  const pairs = Array.from({ length: Math.ceil(rest.length / 3) }, (_, index) => {
    const [id = '', tokenA = '', tokenB = ''] = rest.slice(index * 3, index * 3 + 3);
    if (!/^0x[0-9a-fA-F]{64}$/.test(id) || ![tokenA, tokenB].every((one) => /^0x[0-9a-fA-F]{40}$/.test(one)))
      throw new Error(usage);
    return { id: id as `0x${string}`, tokens: [tokenA, tokenB] as const };
  });
  if (pairs.length === 0) throw new Error(usage);
  return { pairs, intervalSeconds: interval ?? defaultIntervalSeconds };
}
