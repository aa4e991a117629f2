// Reads the command lines and environments of all processes again and again until its standard input
// ends, then prints the distinct ones as JSON. A program of its own, so that it never waits for the
// test's work.
import { readdirSync, readFileSync } from 'node:fs';

const pauseMs = Number(process.argv[2]);
/** A process is looked at in every round while it is this young, since it may still become another program. */
const youngRounds = 100;
const seldom = 50;

const seen = new Map();
let ages = new Map();
let round = 0;
let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();

function commandOf(process) {
  return readFileSync(`/proc/${process}/cmdline`, 'latin1').replaceAll('\0', ' ');
}

function look() {
  const now = new Map();
  for (const name of readdirSync('/proc')) {
    if (name.charCodeAt(0) > 57) continue;
    const age = (ages.get(name) ?? 0) + 1;
    now.set(name, age);
    if (age > youngRounds && (round + age) % seldom !== 0) continue;
    try {
      const command = commandOf(name);
      const environments = seen.get(command) ?? new Set();
      seen.set(command, environments);
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1').replaceAll('\0', '\n');
      // It may have become another program between the two reads (while execve works, its command line is
      // empty): then it is unknown whose environment this is, and the next round reads it again.
      if (commandOf(name) === command) environments.add(environment);
    } catch {
      // It ended meanwhile.
    }
  }
  ages = now;
  round += 1;
  if (ended) process.stdout.write(JSON.stringify([...seen].map(([command, all]) => [command, [...all]])));
  else setTimeout(look, pauseMs);
}
look();
process.stdout.write('ready\n');
