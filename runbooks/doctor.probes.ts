import { readCors } from '../src/api/readCors.ts';
import { formatFunds, readFunds } from '../src/chain/transactions/readFunds.ts';
import type { Address } from '../src/config/settings.ts';
import type { Advice } from '../src/errors/advice.ts';
import { TvError } from '../src/errors/TvError.ts';
import { readEnvValue } from '../src/host/envFile.ts';
import { readEnvFile } from '../src/host/readEnvFile.ts';
import type { Finding } from '../src/observe/findings.ts';
import type { Context } from '../src/runbook/context.ts';

/** No pair has this id: the endpoint answers for it as for a pair without orders. */
const noPair = `0x${'0'.repeat(64)}`;

/** Whether the endpoint that the frontend asks for orders answers. Nothing is returned where it does. */
export async function probeOrders(ctx: Context): Promise<readonly Finding[]> {
  const strategy = ctx.settings.contracts.dexStrategy;
  if (strategy === undefined) {
    return [
      finding(
        'orders-endpoint',
        'unknown',
        'the address of DexStrategy is not set, so no orders can be asked for',
        {
          next: [{ tv: ['config', 'show'] }],
        },
      ),
    ];
  }
  return failing('orders-endpoint', 'critical', async () => {
    const path = `/api/v1/strategy/${strategy}/orders/${noPair}`;
    const { status } = await ctx.api().get(path);
    // A pair without orders is an answer, and so is one that the API does not know.
    if (status < 500) return [];
    return [
      finding('orders-endpoint', 'critical', `the endpoint of the orders answers HTTP ${status}`, {
        evidence: { path },
        next: [{ tv: ['service', 'restart', 'api'] }],
      }),
    ];
  });
}

/** Asks as a browser on a page of the origin would. */
export async function probeCors(ctx: Context, origin: string): Promise<readonly Finding[]> {
  const { url, publicUrl, timeoutMs } = ctx.settings.api;
  const base = publicUrl ?? url;
  if (base === undefined) {
    return [
      finding(
        'cors-unknown',
        'unknown',
        `whether pages of ${origin} may read its answers is unknown: neither api.url nor api.publicUrl is set`,
        { next: [{ tv: ['config', 'show'] }] },
      ),
    ];
  }
  return failing('cors-unknown', 'unknown', async () => {
    const { status, allowOrigin, allowed } = await readCors({
      ...{ url: base, path: '/api/v1/stats', origin, timeoutMs, signal: ctx.signal },
    });
    if (allowed) return [];
    const { envFile } = ctx.settings.host;
    const listed = await allowedOrigins(ctx);
    return [
      finding('cors-refused', 'critical', `the API does not allow pages of ${origin} to read its answers`, {
        evidence: {
          answer: `HTTP ${status}, Access-Control-Allow-Origin: ${allowOrigin ?? '(none)'}`,
          'ALLOWED_ORIGINS in .env': listed,
        },
        next: [
          {
            tv: ['service', 'restart', 'api'],
            when: listed.split(/[\s,]+/).includes(origin)
              ? 'it is listed, and the API has not read it yet'
              : `add ${origin} to ALLOWED_ORIGINS in ${envFile}, then`,
          },
        ],
      }),
    ];
  });
}

async function allowedOrigins(ctx: Context): Promise<string> {
  try {
    const { text } = await readEnvFile(ctx.host(), { path: ctx.settings.host.envFile });
    return readEnvValue(text, 'ALLOWED_ORIGINS') ?? '(not set)';
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return `unknown: ${error.message}`;
  }
}

/** Whether an account can pay for a transaction. */
export async function probeAccount(ctx: Context, account: Address): Promise<readonly Finding[]> {
  return failing('account-unknown', 'unknown', async () => {
    const funds = await readFunds(ctx.chain(), { account, needed: 0n });
    if (funds.balance > 0n) return [];
    return [
      finding('account-empty', 'critical', `${account} has no ${funds.symbol} to pay with`, {
        evidence: { balance: formatFunds(funds.balance, funds) },
        next: [`send ${funds.symbol} to ${account}`],
      }),
    ];
  });
}

/** What was probed, or why that is not known. */
async function failing(
  id: string,
  level: Finding['level'],
  probe: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await probe();
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return [
      finding(id, level, error.message.replace(/\.$/, ''), { evidence: error.facts, next: error.next }),
    ];
  }
}

function finding(
  id: string,
  level: Finding['level'],
  sentence: string,
  more: { readonly evidence?: Readonly<Record<string, string>>; readonly next?: readonly Advice[] },
): Finding {
  return {
    ...{ id, source: 'api', level, title: sentence, section: '10', escalation: 2, sentence },
    ...{ evidence: more.evidence ?? {}, likely: null, next: more.next ?? [], cause: null },
  };
}
