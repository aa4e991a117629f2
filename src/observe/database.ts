import type { DatabaseStatus } from '../database/readStatus.ts';
import { bytes, duration } from '../text/format.ts';
import type { SampleValue } from './sample.ts';

/** Runbook §8: more than this share of the connections in use is a warning. */
const fullDatabase = 0.8;

export async function database(status: Promise<DatabaseStatus>): Promise<SampleValue> {
  const { version, sizeBytes, connections, oldestTransactionSeconds, problem } = await status;
  const parts = [
    `PostgreSQL ${version}`,
    bytes(sizeBytes),
    `${connections.used} of ${connections.max} connections`,
    ...(oldestTransactionSeconds !== null && oldestTransactionSeconds > 60
      ? [`a transaction open for ${duration(oldestTransactionSeconds * 1000)}`]
      : []),
    ...(problem === null ? [] : [problem]),
  ];
  const tight = connections.used / connections.max > fullDatabase;
  return {
    level: problem !== null || tight ? 'warning' : 'ok',
    summary: parts.join(', '),
    data: { version, sizeBytes, connections },
  };
}
