import { addressFrom, numberFrom, required } from './lib/environment.ts';
import { live, pause } from './lib/lifetime.ts';
import { printBuffered, printException } from './lib/pythonOutput.ts';
import { relayArguments } from './lib/relayArguments.ts';
import { type SignalSubmitter, signalSubmitter } from './lib/signalSubmitter.ts';

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
