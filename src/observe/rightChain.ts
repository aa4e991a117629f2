import { TvError } from '../errors/TvError.ts';
import type { SampleValue } from './sample.ts';

/** Summary of a sample that is unknown for the reason that the sample of the chain gives. */
export const asChain = 'unknown, as chain';

/**
 * A sample of the chain, where all nodes are on the configured chain. Otherwise unknown: a node of another
 * chain returns the state of another deployment.
 * @param late settles at the limit for the chain id
 */
export async function onRightChainOnly(
  right: Promise<unknown>,
  late: Promise<unknown>,
  read: () => Promise<SampleValue>,
): Promise<SampleValue> {
  const reading = read();
  // Its failure is reported where it is awaited; unless the chain is right, it is not awaited at all.
  reading.catch(() => {});
  const answered = right.then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof TvError)) throw error;
      return false;
    },
  );
  const isRight = await Promise.race([answered, late.then(() => false)]);
  return isRight ? reading : { level: 'unknown', summary: asChain };
}
