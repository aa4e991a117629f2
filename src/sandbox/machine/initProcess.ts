import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupProcesses } from './cgroup.ts';

/**
 * Process 1 of a sandbox, by the id that this machine knows it by. Found through the control
 * group, so an id that has gone to some other process meanwhile is never taken for it.
 */
export function initProcess(group: string): number | undefined {
  return cgroupProcesses(join(group, 'inner')).find((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      // Ids in the namespaces from outermost to innermost.
      return /^NSpid:.*\s1$/m.test(status) && !/^State:\s*[ZX]/m.test(status);
    } catch {
      return false;
    }
  });
}
