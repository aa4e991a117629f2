/** Shell and awk programs, imported as text (scripts/programs.ts). */
declare module '*.sh' {
  const text: string;
  export default text;
}
declare module '*.awk' {
  const text: string;
  export default text;
}
declare module '*.bash' {
  const text: string;
  export default text;
}
declare module '*.zsh' {
  const text: string;
  export default text;
}
declare module '*.fish' {
  const text: string;
  export default text;
}
