import { AuditLog } from '../../../src/journal/audit.ts';
import { thisOperator } from '../../../src/journal/operator.ts';
import { RedactingWriter } from '../../../src/output/redactingWriter.ts';
import { Secrets } from '../../../src/output/secrets.ts';

// appendAudit STATE COUNT: appends that many entries, one after the other.
const [stateDirectory = '', count = '0'] = process.argv.slice(2);
const clock = {
  now: () => new Date(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};
const log = new AuditLog(stateDirectory, new RedactingWriter(new Secrets()), clock);
for (let index = 0; index < Number(count); index++) {
  await log.append({
    command: `entry ${index}`,
    environment: 'production',
    operator: thisOperator(),
    input: null,
    run: null,
    plan: null,
    outcome: 'verified',
    exitCode: 0,
    reason: null,
    overrides: [],
  });
}
