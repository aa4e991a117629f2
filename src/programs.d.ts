/** Shell and awk programs, imported as text (scripts/programs.ts). */
declare module '*.sh' {
  const text: string;
  export default text;
}
declare module '*.awk' {
  const text: string;
  export default text;
}
