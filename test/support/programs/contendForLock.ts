import { createInterface } from 'node:readline';
import { acquireFileLock } from '../../../src/journal/fileLock.ts';
import { thisOperator } from '../../../src/journal/operator.ts';

// contendForLock: for each line, a directory, tries to take its lock and answers `won` or `lost PID`.
// What it has won it never gives back.
const operator = thisOperator();
process.stdout.write(`ready ${operator.pid}\n`);
for await (const directory of createInterface({ input: process.stdin })) {
  const answer = acquireFileLock(directory, { operator, what: 'race', since: '2026-11-23T03:12:00.000Z' });
  process.stdout.write(answer.held ? 'won\n' : `lost ${answer.by.operator.pid}\n`);
}
