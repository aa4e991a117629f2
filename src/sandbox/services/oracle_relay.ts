import { addressFrom, numberFrom, required } from './lib/environment.ts';
import { live, pause } from './lib/lifetime.ts';
import { log, wordsOf } from './lib/log.ts';
import { type SignalSubmitter, signalSubmitter } from './lib/signalSubmitter.ts';

await live('oracle relay', async (stop) => {
  const interval = numberFrom('ORACLE_UPDATE_INTERVAL', 60);
  const pairs = (process.env['ORACLE_PAIRS'] ?? '').split(',').filter(isPair);
  const parameters = {
    rpcUrl: required('RPC_URL'),
    chainId: numberFrom('CHAIN_ID'),
    riskController: addressFrom('RISK_CONTROLLER_ADDRESS'),
    privateKey: privateKey(),
    feeToken: process.env['FEE_TOKEN'] ? addressFrom('FEE_TOKEN') : undefined,
  };
  log('INFO', `Starting oracle relay for ${pairs.length} pairs, update interval ${interval}s`);
  let submitter: SignalSubmitter | undefined;

  while (!stop.aborted) {
    for (const pair of pairs) {
      if (stop.aborted) break;
      try {
        if (submitter === undefined) {
          submitter = await signalSubmitter(parameters);
          log('INFO', `Oracle address: ${submitter.address}`);
        }
        const { nonce } = await submitter.submit(pair);
        if (submitter.generation === 'deployed') log('INFO', `Oracle signal accepted. Nonce: ${nonce}`);
        else log('INFO', 'Oracle signal submitted successfully');
      } catch (error) {
        log('ERROR', `Failed to submit oracle signal for pair ${pair}: ${wordsOf(error)}`);
      }
    }
    await pause(interval, stop);
  }
});

/** With or without `0x`. @throws Error that does not repeat the value */
function privateKey(): `0x${string}` {
  const digits = required('ORACLE_PRIVATE_KEY').replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw new Error('ORACLE_PRIVATE_KEY is not a private key');
  return `0x${digits}`;
}

function isPair(text: string): text is `0x${string}` {
  return /^0x[0-9a-fA-F]{64}$/.test(text);
}
