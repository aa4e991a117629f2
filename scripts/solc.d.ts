/** The part of solc-js that scripts/contracts.ts calls; it ships no types. */
declare module 'solc' {
  const solc: {
    /** Standard JSON in and out. */
    compile(input: string): string;
    version(): string;
  };
  export default solc;
}
