/**
 * All or nothing: what a step had done when it failed is taken back, so that its probe may rightly
 * say "not done". The first failure is the one to tell.
 */
export async function withRollback<T>(work: () => Promise<T>, takeBack: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await takeBack().catch(() => {});
    throw error;
  }
}
