import { TvError } from '../errors/TvError.ts';
import type { StepContext } from './define.ts';

/**
 * A step, or its undo, was about to overwrite a value that is neither the one before the run nor the one of
 * this run. It belongs to whoever set it, and may exist nowhere else.
 */
export class ChangedSince extends TvError {
  override readonly name = 'ChangedSince';
  /**
   * @param what holds neither of the two values, in words
   * @param facts never a secret
   */
  constructor(
    { runId }: Pick<StepContext, 'runId'>,
    what: string,
    facts: Readonly<Record<string, string | number | undefined>>,
  ) {
    super('run.changed-outside', `${what}: it was changed outside this run. It was not overwritten.`, {
      facts,
      next: [
        { when: 'to keep what is there now', tv: ['runs', 'abandon', runId, '--reason', '…'] },
        { when: 'or set one of the two values again, then', tv: ['runs', 'undo', runId] },
      ],
    });
  }
}
