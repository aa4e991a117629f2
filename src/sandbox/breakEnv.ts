import { readFileSync, writeFileSync } from 'node:fs';
import { TvError } from '../errors/TvError.ts';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { readFault } from './breakRecord.ts';
import { inside } from './breakServices.ts';

/** A TIP-20 address at which there is no token, as after a typing error. */
const noToken = '0x20c00000000000000000000000000000000000ff';

/** Settings of TempoVault's `.env` that are wrong, and read by the service that they are for. */
export const envFaults: Readonly<Record<string, Fault>> = {
  'no-cors': envFault('the API allows no page of the frontend to read its answers', {
    ...{ fault: 'no-cors', key: 'ALLOWED_ORIGINS', value: '"http://localhost:3000"', unit: 'tempovault-api' },
  }),
  'wrong-fee-token': {
    ...envFault('the oracle relay names a fee token that does not exist', {
      ...{ fault: 'wrong-fee-token', key: 'FEE_TOKEN', value: noToken, unit: 'tempovault-oracle' },
    }),
    summary: 'the oracle relay names a fee token that does not exist (Tempo only)',
  },
};

interface WrongValue {
  readonly fault: string;
  readonly key: string;
  /** As it is written in the file. */
  readonly value: string;
  /** What reads it when it starts. */
  readonly unit: string;
}

function envFault(summary: string, { fault, key, value, unit }: WrongValue): Fault {
  return {
    summary,
    prepare: async (world) => lineOf(world, key),
    impose: async (world) => {
      replaceLine(world, key, `${key}=${value}`);
      await inside(world, ['systemctl', 'restart', unit]);
    },
    mend: async (world) => {
      replaceLine(world, key, readFault<string>(world.paths, fault));
      await inside(world, ['systemctl', 'restart', unit]);
    },
  };
}

function isLineOf(key: string): (line: string) => boolean {
  return (line) => line.startsWith(`${key}=`);
}

function lineOf({ paths }: BrokenWorld, key: string): string {
  const line = readFileSync(paths.envFile, 'utf8').split('\n').find(isLineOf(key));
  if (line !== undefined) return line;
  throw new TvError('sandbox.fault-failed', `The .env of this sandbox has no ${key}.`);
}

/** In place: owner and mode of the file stay. */
function replaceLine({ paths }: BrokenWorld, key: string, line: string): void {
  const lines = readFileSync(paths.envFile, 'utf8').split('\n');
  const is = isLineOf(key);
  const [first = lines.length] = lines.flatMap((each, index) => (is(each) ? [index] : []));
  const rest = lines.filter((each) => !is(each));
  writeFileSync(paths.envFile, rest.toSpliced(first, 0, line).join('\n'));
}
