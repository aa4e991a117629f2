/** Whether two texts are the same address; the case of the digits is only a checksum. */
export function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
