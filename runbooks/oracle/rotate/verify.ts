import { dueAt, readOldKeys } from '../../../src/chain/oracle/oldKeys.ts';
import { isOracle, readAuthority } from '../../../src/chain/oracle/readAuthority.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { readKeyFile } from '../../../src/chain/signers/keyFile.ts';
import type { Address } from '../../../src/config/settings.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Lookout, pass, warn } from '../../../src/runbook/lookout.ts';
import { ago, count, duration, short } from '../../../src/runbook/text.ts';
import { findCopies } from '../findCopies.ts';
import { readOracleKey } from '../readOracleKey.ts';
import { keyPlaces, type RotateFacts } from './facts.ts';
import { windowStart } from './keySteps.ts';

/** Reads back from the chain, the host and the disk that the new key works and is in one place alone. */
export async function verify(ctx: StepContext, facts: RotateFacts): Promise<readonly Check[]> {
  const lookout = new Lookout(ctx);
  const {
    address,
    nonce,
    block: number,
    seenAt,
  } = ctx.results['accept'] as {
    address: Address;
    nonce: string;
    block: number;
    seenAt: string;
  };
  const name = short(address, false);

  lookout.look('signal', 'chain', async () =>
    (await isOracle(ctx.chain(), address))
      ? pass(`${name} is authorised; its signal with nonce ${nonce} was accepted in block ${count(number)}`)
      : block(`${name} is not authorised any more`, { next: ['tv oracle status'] }),
  );
  lookout.look('window', 'chain', async () => {
    const since = windowStart(ctx.results);
    if (since === undefined) return pass('the old key worked until the new one did');
    const ms = Date.parse(seenAt) - since.getTime();
    return pass(`${duration(ms)} without a working key, until the first signal of the new one was seen`);
  });
  lookout.look('service', 'host', async () => {
    const { activeState, mainPid } = await readUnit(ctx.host(), { unit: facts.unit });
    return activeState === 'active'
      ? pass(`${facts.unit} active, process ${mainPid}`)
      : block(`${facts.unit} is ${activeState}`, { next: ['tv oracle recover'] });
  });
  lookout.look('key', 'host', async () => {
    const found = await readOracleKey(ctx);
    if (found.address !== address) return block(`.env holds the key of ${found.address}`);
    const places = keyPlaces(ctx);
    const left = Object.values(places).filter((file) => readKeyFile(file) !== undefined);
    if (left.length > 0) return block(`a copy of a key is left in ${left.join(', ')}`);
    const { keystoreOut } = facts;
    return pass(`${name} is in .env${keystoreOut === null ? ' and nowhere else' : ` and in ${keystoreOut}`}`);
  });
  lookout.look('old', 'chain', async () => {
    const old = short(facts.oldAddress, false);
    if (!(await isOracle(ctx.chain(), facts.oldAddress))) return pass(`${old} may not sign any more`);
    const entry = readOldKeys(ctx.settings).find((each) => each.old === facts.oldAddress);
    const due = entry === undefined ? '' : `, due ${ago(dueAt(entry), ctx.clock.now())}`;
    return warn(`old oracle key ${old} still valid${due}`, {
      next: ['once it is due: tv oracle revoke-old'],
    });
  });
  lookout.look('copies', 'host', async () => {
    const found = await findCopies(ctx, facts.oldAddress);
    if (found.length === 0) return pass('no copy of the old key in or beside .env');
    const { valid } = await readAuthority(ctx.chain());
    const listed = valid.some((one) => sameAddress(one, facts.oldAddress));
    return warn(`the old key is still in ${found.join(', ')}`, {
      // Where it still may sign, the line above says so already.
      next: listed ? [] : [`tv oracle revoke-old --address ${facts.oldAddress}`],
    });
  });
  return lookout.checks();
}
