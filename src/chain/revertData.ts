/** The bytes with which a contract refused, from anything that a call was thrown with. */
export function revertData(error: unknown): `0x${string}` | undefined {
  let at: unknown = error;
  for (let depth = 0; depth < 20 && typeof at === 'object' && at !== null; depth++) {
    const data: unknown = Reflect.get(at, 'data');
    const inner: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'data') : data;
    if (typeof inner === 'string' && /^0x([0-9a-f]{2})*$/i.test(inner)) return inner as `0x${string}`;
    at = Reflect.get(at, 'cause');
  }
  return undefined;
}
