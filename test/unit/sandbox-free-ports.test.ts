import { expect, it } from 'vitest';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';

it('are handed out once, also to those who ask at the same time and before anybody listens', async () => {
  // Of 12 000 ports: drawn without regard to each other, these would have some 13 in common.
  const drawn = (await Promise.all([freePorts(400), freePorts(400)])).flat();
  expect(new Set(drawn).size).toBe(800);
});
