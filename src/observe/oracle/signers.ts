import { dueAt, oldKeyWords, readOldKeys } from '../../chain/oracle/oldKeys.ts';
import { authorisedWords, isOracle, type OracleAuthority } from '../../chain/oracle/readAuthority.ts';
import { sameAddress } from '../../chain/sameAddress.ts';
import type { Context } from '../../runbook/context.ts';
import type { SampleValue } from '../sample.ts';
import type { OracleKey } from './readOracle.ts';

export async function envKey(
  ctx: Context,
  { address }: OracleKey,
  authority: OracleAuthority,
): Promise<SampleValue> {
  const data = { address, authorised: authority.valid, form: authority.form };
  if (await isOracle(ctx.chain(), address, authority)) {
    return { level: 'ok', summary: `the key in .env is ${address}, which is authorised`, data };
  }
  return {
    level: 'critical',
    summary: `the key in .env is ${address}, which is NOT authorised; authorised: ${authorisedWords(authority)}`,
    data,
    next: [{ tv: ['oracle', 'rotate-key'] }],
  };
}

/** Other accounts that may sign, and old keys that are not revoked yet. */
export async function otherSigners(
  ctx: Context,
  { address }: OracleKey,
  authority: OracleAuthority,
): Promise<SampleValue> {
  const valid = authority.valid.filter((one) => !sameAddress(one, address));
  const known = readOldKeys(ctx.settings);
  const old = known.filter((each) => valid.some((one) => sameAddress(one, each.old)));
  const strangers = valid.filter((one) => !old.some((each) => sameAddress(one, each.old)));
  const now = ctx.clock.now();
  const waits = old.every((each) => dueAt(each) > now);
  const parts = [
    ...old.map((each) => oldKeyWords(each, now)),
    ...(strangers.length === 0 ? [] : [`also authorised: ${strangers.join(', ')}`]),
  ];
  const { validUnknown } = authority;
  if (parts.length === 0 && validUnknown !== undefined) {
    return {
      level: 'unknown',
      summary: `other accounts that may sign are unknown: ${validUnknown}`,
      next: [{ tv: ['oracle', 'status'] }],
    };
  }
  if (parts.length === 0) return { level: 'ok', summary: 'no other account may sign' };
  return {
    level: 'warning',
    summary: [...parts, ...(validUnknown === undefined ? [] : [`perhaps others: ${validUnknown}`])].join(
      '; ',
    ),
    data: { old, strangers },
    next:
      old.length > 0
        ? [
            waits
              ? { when: 'once it is due', tv: ['oracle', 'revoke-old'] }
              : { tv: ['oracle', 'revoke-old'] },
          ]
        : [{ when: 'if it is not meant to', tv: ['oracle', 'revoke-old', '--address', 'ADDRESS'] }],
  };
}
