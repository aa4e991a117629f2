import { type DrillFault, drillFaults } from './faults.ts';

/** Seeds are whole numbers below this: short enough to read out. */
export const seeds = 1_000_000;

const mostFaults = 3;

/**
 * The faults of a drill, one to three, no two of a part, in the order in which they are imposed. The same seed
 * always gives the same ones.
 * @param seed a whole number from 0 to below `seeds`
 */
export function mixFaults(
  seed: number,
  table: readonly DrillFault[] = drillFaults,
): readonly [DrillFault, ...DrillFault[]] {
  const random = randomOf(seed);
  const number = 1 + Math.floor(random() * mostFaults);
  const drawn: DrillFault[] = [];
  while (drawn.length < number) {
    const left = table.filter(({ part }) => drawn.every((each) => each.part !== part));
    const next = left[Math.floor(random() * left.length)];
    if (next === undefined) break;
    drawn.push(next);
  }
  const [first, ...rest] = table.filter((each) => drawn.includes(each));
  if (first === undefined) throw new Error('no fault to draw from');
  return [first, ...rest];
}

/** Numbers from 0 to below 1, the same for the same seed: mulberry32, by Tommy Ettinger, in the public domain. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
