import { endThePause, type Protocol } from '../chain/readProtocol.ts';
import type { SampleValue } from './sample.ts';

export async function protocol(deployed: Promise<Protocol>): Promise<SampleValue> {
  const { paused, contracts } = await deployed;
  const absent = Object.entries(contracts).filter(
    ([, { address, hasCode }]) => address !== undefined && !hasCode,
  );
  if (absent.length > 0) {
    const names = absent.map(([name]) => name).join(', ');
    return {
      level: 'critical',
      summary: `no contract at the address of ${names}`,
      next: [{ tv: ['config', 'show'] }],
    };
  }
  if (paused === undefined)
    return { level: 'unknown', summary: 'paused state unknown: no contract returns it' };
  const data = { paused };
  return paused
    ? { level: 'warning', summary: 'PAUSED', next: [endThePause], data }
    : { level: 'ok', summary: 'not paused', data };
}
