// Writes docs/procedures.md: each procedure with a screen of it, on a sandbox of its own. `npm run docs:screens`.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const name = 'night';
const confirm = ['--confirm', name];

interface Screen {
  readonly title: string;
  /** When one needs it, in a sentence or two. */
  readonly when: string;
  /** Faults that are made before. */
  readonly faults?: readonly string[];
  readonly words: readonly string[];
  /** Words that a person would answer at the question; not shown. */
  readonly answer?: readonly string[];
  readonly exitCode?: number | 'any';
  readonly after?: readonly (readonly string[])[];
}

const screens: readonly Screen[] = [
  {
    title: 'What is wrong',
    when: 'At any time. Here the indexer hangs: its unit is active, and its cursor stands still.',
    faults: ['stall-indexer'],
    words: ['status'],
    exitCode: 2,
  },
  {
    title: 'From a symptom to its cause (§2, §5, §8)',
    when: 'A user reports a symptom. `tv doctor` alone lists those that it knows.',
    words: ['doctor', 'indexer-stuck'],
    exitCode: 2,
    after: [['sandbox', 'break', '--heal', '--name', name]],
  },
  {
    title: 'Restarting a service (quick reference)',
    when: 'A finding advises it. Active is not enough: the cursor has to move, the API to be ready, a signal to be on the chain.',
    words: ['service', 'restart', 'indexer'],
    answer: ['--yes'],
  },
  {
    title: 'Reindexing (§1)',
    when: 'Events are missing, or rows are there that the chain does not have. It works beside the live database: the API answers throughout.',
    words: ['reindex', '--from-block', '1_200'],
    answer: confirm,
  },
  {
    title: 'Comparing with the chain (§1)',
    when: 'Before a reindex, to see whether it is needed, and after one.',
    words: ['reindex', 'check'],
  },
  {
    title: 'A backup (§3)',
    when: 'Before anything that changes the database by hand; each night by `tv db schedule install`.',
    words: ['db', 'backup'],
  },
  {
    title: 'Restoring a backup (§3)',
    when: 'The database is damaged or gone. Restored beside, compared, swapped.',
    words: ['db', 'restore', '--latest'],
    answer: confirm,
  },
  {
    title: 'A circuit breaker (§6)',
    when: 'One pair behaves oddly, and the others do not.',
    words: ['breaker', 'trip', '--pair', 'AlphaUSD-pathUSD'],
    answer: confirm,
    after: [['breaker', 'reset', '--pair', 'AlphaUSD-pathUSD', ...confirm]],
  },
  {
    title: "The relay's key (§4)",
    when: 'Every quarter, or at once where it may be known to others (`--compromised`).',
    words: ['oracle', 'rotate-key'],
    answer: confirm,
  },
  {
    title: 'Stopping everything (§7)',
    when: 'Funds may be at risk. Stop first, understand later.',
    words: ['emergency', 'shutdown'],
    answer: confirm,
  },
  {
    title: 'Starting again (§7)',
    when: 'The cause is gone. It refuses while something that a check sees is still wrong.',
    words: ['emergency', 'resume'],
    answer: confirm,
  },
  {
    title: 'What happened (§9)',
    when: 'For the incident review: chain, database, journals and runs as one timeline.',
    words: ['incident', '--since', '2m'],
    // By what a sandbox that has just started has recorded.
    exitCode: 'any',
  },
];

const bin = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
const page = fileURLToPath(new URL('../../docs/procedures.md', import.meta.url));
const state = mkdtempSync(join(tmpdir(), 'tv-docs-'));
// The sandbox's database runs as another user, who has to reach its files.
chmodSync(state, 0o711);
const env = { ...process.env, TV_STATE_DIR: state, COLUMNS: '80', NO_COLOR: '1' };

const parts = [
  '<!-- Made by `npm run docs:screens` on a sandbox. Changes here are lost. -->',
  '',
  '# Procedures',
  '',
  'Screens of a sandbox, 80 columns wide, without colour. `tv help COMMAND` has the flags, `tv runbook show PROCEDURE` the',
  'same by hand.',
  '',
];
try {
  await tv(['sandbox', 'up', '--name', name]);
  for (const screen of screens) {
    for (const fault of screen.faults ?? []) await tv(['sandbox', 'break', fault, '--name', name]);
    const text = await tv(['-e', name, ...screen.words, ...(screen.answer ?? [])], screen.exitCode ?? 0);
    const shown = text.replaceAll(state, '/var/lib/tv').replaceAll(/ +$/gm, '').trim();
    parts.push(`## ${screen.title}`, '', screen.when, '');
    parts.push('```', `$ tv ${screen.words.join(' ')}`, '', shown, '```', '');
    for (const words of screen.after ?? [])
      await tv(words[0] === 'sandbox' ? words : ['-e', name, ...words], 0);
  }
  writeFileSync(page, parts.join('\n'));
} finally {
  await tv(['sandbox', 'down', '--name', name]).catch((error: Error) => console.error(error.message));
  rmSync(state, { recursive: true, force: true });
}

/** @returns what tv printed on both outputs, in the order in which it came */
async function tv(words: readonly string[], expected: number | 'any' = 0): Promise<string> {
  console.error(`tv ${words.join(' ')}`);
  // One pipe for both, which keeps their order.
  const call = ['-c', 'exec "$@" 2>&1', 'sh', process.execPath, bin, ...words];
  const { exitCode, stdout } = await execa('sh', call, { env, stdin: 'ignore', reject: false });
  if (expected !== 'any' && exitCode !== expected)
    throw new Error(`tv ${words.join(' ')} ended with ${exitCode}:\n${stdout}`);
  return stdout;
}
