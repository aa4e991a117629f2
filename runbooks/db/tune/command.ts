import type { MachineInput } from './measureMachine.ts';

const mib = 1024 ** 2;

/** `tv db tune` as it was called: without the machine's flags it would measure this host, and say other values. */
export function tuneCommand(
  { memory, cores, disk }: MachineInput,
  ...more: readonly string[]
): { readonly tv: readonly string[] } {
  const flags = [
    ...(memory === undefined ? [] : ['--memory', sizeFlag(memory)]),
    ...(cores === undefined ? [] : ['--cores', String(cores)]),
    ...(disk === undefined ? [] : ['--disk', disk]),
  ];
  return { tv: ['db', 'tune', ...flags, ...more] };
}

/** As `memorySize` reads it. */
function sizeFlag(bytes: number): string {
  const megabytes = bytes / mib;
  return megabytes % 1024 === 0 ? `${megabytes / 1024}GB` : `${megabytes}MB`;
}
