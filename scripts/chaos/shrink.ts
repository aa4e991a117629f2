/**
 * The shortest part of a list that still fails: first its end alone, twice as long each time, and then that without one
 * piece after the other, of half its length at first. What fails only at times is found only at times.
 * @param fails plays a list from the beginning, in a new world
 * @param enough whether there is time for another try
 */
export async function shrink<T>(
  whole: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
  enough: () => boolean,
): Promise<readonly T[]> {
  let shortest = whole;
  for (let length = 1; length < whole.length && enough(); length *= 2) {
    const end = whole.slice(-length);
    if (!(await fails(end))) continue;
    shortest = end;
    break;
  }
  for (
    let size = Math.ceil(shortest.length / 2);
    size >= 1 && enough();
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < shortest.length && shortest.length > 1 && enough(); ) {
      const rest = [...shortest.slice(0, at), ...shortest.slice(at + size)];
      if (rest.length > 0 && (await fails(rest))) shortest = rest;
      else at += size;
    }
  }
  return shortest;
}
