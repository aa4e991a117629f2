import type { CommandOutput, Host } from '../runbook/context.ts';

const show = ['systemctl', 'show', '--no-pager'] as const;
const property = '--property=';

/** A `systemctl show` of `showUnits`: some properties of some units. */
export function isShow(command: readonly string[]): boolean {
  return (
    show.every((word, index) => command[index] === word) &&
    command[show.length]?.startsWith(property) === true
  );
}

interface Waiting {
  readonly command: readonly string[];
  resolve(output: Promise<CommandOutput>): void;
  reject(error: unknown): void;
}

/**
 * Runs what asks for properties of units in one turn as one command: each is a process and a connection to systemd.
 * Each gets the blocks of its own units, with all properties that any of them asked for.
 */
export function shownTogether(host: Host): (command: readonly string[]) => Promise<CommandOutput> {
  let waiting: Waiting[] = [];
  function flush(): void {
    const all = waiting;
    waiting = [];
    // Whatever goes wrong here, none of them may wait for ever.
    showAll(all).catch((error: unknown) => {
      for (const { reject } of all) reject(error);
    });
  }
  async function showAll(all: readonly Waiting[]): Promise<void> {
    const alone = () => {
      for (const { command, resolve } of all) resolve(host.run(command));
    };
    if (all.length === 1) return alone();
    const parts = all.map(({ command }) => ({
      properties: (command[show.length] ?? '').slice(property.length).split(','),
      units: command.slice(show.length + 1),
    }));
    const properties = [...new Set(parts.flatMap((part) => part.properties))];
    const units = parts.flatMap((part) => part.units);
    const run = host.run([...show, `${property}${properties.join(',')}`, ...units]);
    const output = await run.catch(() => undefined);
    // Each caller gets the failure itself.
    if (output === undefined) {
      for (const { resolve } of all) resolve(run);
      return;
    }
    const blocks = output.stdout.split(/\n[ \t]*\n/).filter((block) => block.trim() !== '');
    if (output.exitCode !== 0 || blocks.length !== units.length) return alone();
    let at = 0;
    for (const [index, { resolve }] of all.entries()) {
      const own = blocks.slice(at, at + (parts[index]?.units.length ?? 0));
      at += own.length;
      resolve(Promise.resolve({ ...output, stdout: own.join('\n\n') }));
    }
  }
  return (command) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ command, resolve, reject });
    });
}
