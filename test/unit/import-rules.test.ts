import { describe, expect, it } from 'vitest';
import { findForbidden } from '../../scripts/imports.ts';

const one = (path: string, statement: string) => findForbidden([{ path, text: `${statement}\n` }]);

describe('an import', () => {
  it.each([
    ['runbooks/db/prune.ts', "import restore from './restore.ts';", 'src/operations'],
    ['runbooks/reindex.ts', "import type { Facts } from './oracle/recover.ts';", 'src/operations'],
    ['runbooks/reindex.preflight.ts', "import { x } from './db/restore.preflight.ts';", 'src/operations'],
    [
      'src/config/layers.ts',
      "import { runProcess } from '../host/runProcess.ts';",
      'may not import src/host',
    ],
    [
      'src/cli/terminal/busy.ts',
      "import { readHead } from '../../chain/readHead.ts';",
      'may not import src/chain',
    ],
    ['src/sandbox/up.ts', "import status from '../../runbooks/status.ts';", 'may not import runbooks'],
    ['src/chain/readHead.ts', "import { readUnit } from '../host/readUnit.ts';", 'may not import src/host'],
    ['src/database/x.ts', "import type { Answer } from '../chain/x.ts';", 'may not import src/chain'],
    ['src/chain/x.ts', "import script from '../host/replaceFile.sh';", 'may not import src/host'],
    ['src/host/x.ts', "const { y } = await import('../engine/startRun.ts');", 'may not import src/engine'],
    [
      'src/runbook/define.ts',
      "import { Journal } from '../journal/journal.ts';",
      'may not import src/journal',
    ],
    [
      'src/operations/payout.ts',
      "import { execute } from '../engine/execute.ts';",
      'may not import src/engine',
    ],
    ['src/operations/payout.ts', "import { renderNext } from '../cli/advice.ts';", 'may not import src/cli'],
    ['src/engine/execute.ts', "import { renderPlan } from '../cli/renderPlan.ts';", 'may not import src/cli'],
    ['src/text/format.ts', "import { TvError } from '../errors/TvError.ts';", 'may not import src/errors'],
    [
      'runbooks/status.ts',
      "import { startRun } from '../src/engine/startRun.ts';",
      'may not import src/engine',
    ],
    ['runbooks/status.ts', "import { down } from '../src/sandbox/down.ts';", 'may not import src/sandbox'],
    ['runbooks/status.ts', "import { createPublicClient } from 'viem';", 'viem belongs to'],
    ['src/host/runProcess.ts', "import pg from 'pg';", 'pg belongs to'],
    [
      'src/operations/x.ts',
      "import {\n  confirm,\n  input,\n} from '@inquirer/prompts';",
      '@inquirer/prompts belongs to',
    ],
  ])('%s: %s → refused', (path, statement, reason) => {
    const found = one(path, statement);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(reason);
  });

  it.each([
    ['runbooks/reindex.ts', "import { preflight } from './reindex.preflight.ts';"],
    ['runbooks/completion.ts', "import bash from './completion.bash';"],
    ['runbooks/reindex.preflight.ts', "import type { ReindexFacts } from './reindex.ts';"],
    ['runbooks/sandbox/up.ts', "import { up } from '../../src/sandbox/up.ts';"],
    ['runbooks/db/restore.ts', "import { readUnit } from '../../src/host/readUnit.ts';"],
    ['src/operations/payout.ts', "import { sendOnce } from '../chain/transactions/sendOnce.ts';"],
    ['src/compose.ts', "import { startRun } from './engine/startRun.ts';"],
    ['src/chain/connectChain.ts', "import { createPublicClient } from 'viem';"],
    ['src/cli/parse.ts', "import { Command } from 'commander';"],
    ['src/text/format.ts', "import { inspect } from 'node:util';"],
  ])('%s: %s → allowed', (path, statement) => {
    expect(one(path, statement)).toEqual([]);
  });
});

describe('an import circle', () => {
  const file = (path: string, ...imports: string[]) => ({
    path,
    text: imports.map((name) => `import type { X } from './${name}.ts';`).join('\n'),
  });

  it('of two files by types alone → named', () => {
    const found = findForbidden([file('src/text/a.ts', 'b'), file('src/text/b.ts', 'a')]);
    expect(found).toEqual(['import circle: src/text/a.ts, src/text/b.ts']);
  });

  it('of three files, with others beside it → only the three', () => {
    const files = [
      ...[file('src/text/d.ts', 'a'), file('src/text/a.ts', 'b'), file('src/text/b.ts', 'c', 'e')],
      ...[file('src/text/c.ts', 'a'), file('src/text/e.ts')],
    ];
    expect(findForbidden(files)).toEqual(['import circle: src/text/a.ts, src/text/b.ts, src/text/c.ts']);
  });

  it('none where two files import the same third', () => {
    expect(
      findForbidden([file('src/text/a.ts', 'c'), file('src/text/b.ts', 'c'), file('src/text/c.ts')]),
    ).toEqual([]);
  });
});
