import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import approve from '../../runbooks/plan/approve.ts';
import list from '../../runbooks/plan/list.ts';
import show from '../../runbooks/plan/show.ts';
import type { Settings } from '../../src/config/settings.ts';
import { Journal, RunStore } from '../../src/journal/journal.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { readPlanFile, readSignatureFiles } from '../../src/journal/planFile.ts';
import { usePlan } from '../../src/journal/usedPlans.ts';
import { runRules } from '../../src/observe/rules/runs.ts';
import { seeRuns } from '../../src/observe/runs.ts';
import { signPlan } from '../../src/operations/approval/signPlan.ts';
import { verifySignatures } from '../../src/operations/approval/verifySignatures.ts';
import { buildTimeline } from '../../src/operations/documents/timeline.ts';
import { WriteError } from '../../src/output/durableFile.ts';
import type { Answers } from '../../src/runbook/answers.ts';
import type { ActionContext } from '../../src/runbook/define.ts';
import { type FakeRunbookOptions, FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { DrivenClock, fakeOutput, noApprovals, startScene, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { assertPublished } from '../support/publishedJson.ts';
import { play, type Scenario } from '../support/scenario.ts';
import { SshKeys, startAgent } from '../support/sshKeys.ts';

const keyFolder = temporaryState();
let keys: SshKeys;
let state: ReturnType<typeof temporaryState>;
let world: FakeWorld;
let file: string;

/** Each scene begins an hour after the one before. */
const long = 1_000 * 3_600_000;

beforeAll(() => {
  keys = new SshKeys(keyFolder.directory);
  for (const name of ['a', 'b', 'c', 'stranger']) keys.make(name);
});
afterAll(() => keyFolder.remove());

beforeEach(() => {
  // Neither an agent nor keys of whoever runs the tests.
  vi.stubEnv('SSH_AUTH_SOCK', '');
  vi.stubEnv('HOME', keyFolder.directory);
  state = temporaryState();
  world = new FakeWorld(join(state.directory, '..'));
  file = join(state.directory, '..', 'plan.json');
  keys.allow(['a@example.com', 'a'], ['b@example.com', 'b'], ['c@example.com', 'c']);
  writeFileSync(keys.revoked, '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  state.remove();
});

interface Call {
  readonly answers?: Partial<Answers>;
  readonly approvals?: Partial<Settings['approvals']>;
  readonly options?: FakeRunbookOptions;
  readonly scene?: Partial<Scenario>;
  /** Who runs tv. */
  readonly user?: string;
}

/** The policy: one signature of another, for what is severe. */
function policy(more: Partial<Settings['approvals']> = {}): Settings['approvals'] {
  return { ...noApprovals, severe: 1, allowedSigners: keys.signers, expiryMs: long, ...more };
}

function call({ answers = {}, approvals, options = {}, scene = {}, user = 'a' }: Call = {}) {
  const settings = policy(approvals);
  return play(fakeRunbook(world, { risk: 'severe', ...options }), {
    stateDirectory: state.directory,
    approvals: settings,
    verifySignatures: (planFile) => verifySignatures(planFile, settings, { user }),
    answers,
    ...scene,
  });
}

const write = (more: Call = {}) => call({ ...more, answers: { dryRun: true, out: file, ...more.answers } });
const run = (more: Call = {}) =>
  call({ ...more, answers: { confirm: 'production', planFile: file, ...more.answers } });

function sign(name: string) {
  const parameters = { interactive: false, signal: new AbortController().signal };
  return signPlan(readPlanFile(file), { key: join(keys.folder, name), ...parameters });
}

describe('a plan that others sign', () => {
  it('is written by a dry run, signed by another, and run once', async () => {
    const written = await write();
    expect(written.exitCode).toBe(0);
    expect(written.events.at(-1)).toMatchObject({ type: 'plan.written', file });
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
    const { fingerprint } = await sign('b');
    const outcome = await run();
    expect(outcome).toMatchObject({ exitCode: 0, error: undefined });
    const { sha256 } = readPlanFile(file);
    const approval = {
      ...{ planFile: sha256, required: 1 },
      signatures: [{ principal: 'b@example.com', fingerprint, checkedAt: expect.any(String) }],
    };
    expect(outcome.state?.started.approval).toMatchObject(approval);
    expect(outcome.audit.at(-1)).toMatchObject({ outcome: 'verified', approval });
  });

  it('is signed by a key that only an agent holds, named by its public key', async () => {
    await write();
    const private_ = keys.make('held');
    const agent = await startAgent(keys.folder, private_);
    try {
      vi.stubEnv('SSH_AUTH_SOCK', agent.socket);
      rmSync(private_);
      keys.allow(['a@example.com', 'a'], ['held@example.com', 'held']);
      await sign('held.pub');
      // At hand of whoever runs tv here, it is the own key of the operator.
      expect(await run()).toMatchObject({ exitCode: 3, error: { code: 'approval.own-signature' } });
      vi.stubEnv('SSH_AUTH_SOCK', '');
      expect(await run()).toMatchObject({ exitCode: 0 });
    } finally {
      await agent.end();
    }
  });

  it('is signed with a certificate of an authority that is allowed, by the name in it', async () => {
    await write();
    keys.make('authority');
    keys.make('certified');
    keys.certify('certified', 'authority', 'd@example.com', '-1m:+1h');
    keys.allow(['a@example.com', 'a'], ['*@example.com', 'authority', 'cert-authority']);
    await sign('certified-cert.pub');
    const outcome = await run();
    expect(outcome).toMatchObject({ exitCode: 0, error: undefined });
    expect(outcome.state?.started.approval?.signatures).toMatchObject([{ principal: 'd@example.com' }]);
  });

  it('of a name that was signed before is signed anew', async () => {
    await write();
    await sign('b');
    rmSync(file);
    await write();
    expect(await run()).toMatchObject({ exitCode: 3, error: { code: 'approval.altered' } });
    await sign('b');
    expect(await run()).toMatchObject({ exitCode: 0 });
  });

  it('a key with a passphrase, and no terminal: not signed', async () => {
    await write();
    keys.make('locked', 'a passphrase of this test');
    await expect(sign('locked')).rejects.toMatchObject({ code: 'approval.not-signed' });
    expect(readSignatureFiles(file)).toEqual([]);
  });

  it('needs nothing where the settings ask for nothing, and is for one run all the same', async () => {
    await write({ approvals: { severe: 0 } });
    const none = { approvals: { severe: 0 } };
    expect(await run(none)).toMatchObject({ exitCode: 0 });
    world.forget();
    expect(await run(none)).toMatchObject({ exitCode: 3, error: { code: 'approval.used' } });
    expect(world.effects()).toEqual([]);
  });

  it('is as tv schema describes it: a field more or less would not be', async () => {
    await write();
    const text = readFileSync(file, 'utf8');
    await assertPublished(text);
    const { sha256: _, ...less } = JSON.parse(text) as Record<string, unknown>;
    for (const other of [less, { ...JSON.parse(text), more: 1 }]) {
      await expect(assertPublished(JSON.stringify(other))).rejects.toThrow('tv.plan-file/1');
    }
  });

  it('does not replace a file, and does nothing before it says so', async () => {
    writeFileSync(file, 'mine');
    expect(await write()).toMatchObject({ exitCode: 2, error: { code: 'usage.output-file' } });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(world.effects()).toEqual([]);
  });

  it('is a file without secrets, which others may read', async () => {
    world.fact = 'hunter2-hunter2';
    const outcome = await write({ scene: { secrets: ['hunter2-hunter2'] } });
    expect(outcome).toMatchObject({ exitCode: 3, error: { code: 'approval.file-unusable' } });
    expect(existsSync(file)).toBe(false);
    world.fact = 'first';
    await write();
    expect(statSync(file).mode & 0o444).toBe(0o444 & ~process.umask());
  });
});

describe('refused before any work, exit code 3', () => {
  const rows: readonly (readonly [string, string, (signed: () => Promise<unknown>) => Promise<Call>])[] = [
    ['no plan file', 'approval.needed', async () => ({ answers: { planFile: undefined } })],
    [
      'a digest in place of the file',
      'approval.needed',
      async () => ({
        answers: { planFile: undefined, plan: readPlanFile(file).document.digest },
      }),
    ],
    ['no signature', 'approval.missing', async () => ({})],
    [
      'only the own signature, by login name',
      'approval.own-signature',
      async () => {
        await sign('a');
        return {};
      },
    ],
    [
      'only the own signature, by the setting',
      'approval.own-signature',
      async () => {
        await sign('b');
        return { user: 'root', approvals: { operator: 'b@example.com' } };
      },
    ],
    [
      'only the own signature, by a key at hand',
      'approval.own-signature',
      async () => {
        await sign('b');
        return { user: 'root', approvals: { key: join(keys.folder, 'b') } };
      },
    ],
    [
      'only the own signature, by a certificate at hand',
      'approval.own-signature',
      async () => {
        keys.make('own');
        keys.certify('own', 'c', 'own@example.com', '-1m:+1h');
        keys.allow(['a@example.com', 'a'], ['*@example.com', 'c', 'cert-authority']);
        await sign('own-cert.pub');
        return { approvals: { key: join(keys.folder, 'own-cert.pub') } };
      },
    ],
    [
      'one signature, of an operator who is not in the list',
      'approval.missing',
      async () => {
        await sign('b');
        return { user: 'root' };
      },
    ],
    [
      'two of one person',
      'approval.missing',
      async () => {
        keys.allow(['a@example.com', 'a'], ['b@example.com', 'b'], ['b@example.com', 'c']);
        await sign('b');
        await sign('c');
        return { approvals: { severe: 2 } };
      },
    ],
    [
      'a key that is not listed',
      'approval.unknown-key',
      async () => {
        await sign('stranger');
        return {};
      },
    ],
    [
      'a key whose time has ended',
      'approval.unknown-key',
      async () => {
        await sign('b');
        keys.allow(['a@example.com', 'a'], ['b@example.com', 'b', 'valid-before="20200101"']);
        return {};
      },
    ],
    [
      'a key whose time has not begun',
      'approval.unknown-key',
      async () => {
        await sign('b');
        keys.allow(['a@example.com', 'a'], ['b@example.com', 'b', 'valid-after="20990101"']);
        return {};
      },
    ],
    [
      'a key that is listed for another purpose',
      'approval.unknown-key',
      async () => {
        await sign('b');
        keys.allow(['a@example.com', 'a'], ['b@example.com', 'b', 'namespaces="git"']);
        return {};
      },
    ],
    [
      'a key that a pattern lists, which names nobody',
      'approval.unknown-key',
      async () => {
        await sign('b');
        keys.allow(['a@example.com', 'a'], ['*@example.com', 'b']);
        return {};
      },
    ],
    [
      'a revoked key',
      'approval.revoked-key',
      async () => {
        await sign('b');
        keys.revoke('b');
        return { approvals: { revokedKeys: keys.revoked } };
      },
    ],
    [
      'no list of revoked keys where one is set',
      'approval.signers-unusable',
      async () => {
        await sign('b');
        return { approvals: { revokedKeys: join(keys.folder, 'absent') } };
      },
    ],
    [
      'no file of allowed signers',
      'approval.signers-unusable',
      async () => {
        await sign('b');
        return { approvals: { allowedSigners: join(keys.folder, 'absent') } };
      },
    ],
    [
      'a file of allowed signers that others can write',
      'approval.signers-unusable',
      async () => {
        await sign('b');
        cpSync(keys.signers, join(keys.folder, 'shared'));
        chmodSync(join(keys.folder, 'shared'), 0o666);
        return { approvals: { allowedSigners: join(keys.folder, 'shared') } };
      },
    ],
    [
      'a signature of another plan',
      'approval.altered',
      async () => {
        const { file: signature } = await sign('b');
        const kept = readFileSync(signature);
        rmSync(file);
        rmSync(signature);
        await write();
        writeFileSync(signature, kept);
        return {};
      },
    ],
    [
      'an expired file, by the settings of now',
      'approval.expired',
      async (signed) => {
        await signed();
        return { approvals: { expiryMs: 60_000 } };
      },
    ],
    [
      'another environment',
      'approval.other-environment',
      async (signed) => {
        await signed();
        return { scene: { environment: 'staging' }, answers: { confirm: 'staging' } };
      },
    ],
    [
      'another command',
      'approval.other-call',
      async (signed) => {
        await signed();
        return { options: { name: 'set others' } };
      },
    ],
    [
      'another version of tv',
      'approval.other-version',
      async (signed) => {
        await signed();
        return { scene: { version: '1.0.1' } };
      },
    ],
    [
      'no file of that name',
      'approval.file-unusable',
      async () => ({
        answers: { planFile: `${file}.absent` },
      }),
    ],
  ];

  it.each(rows)('%s', async (_, code, arrange) => {
    await write();
    const more = await arrange(() => sign('b'));
    world.forget();
    const outcome = await run(more);
    expect([outcome.error?.code, outcome.exitCode]).toEqual([code, 3]);
    expect(world.effects()).toEqual([]);
    expect(outcome.run).toBeUndefined();
    expect(outcome.audit.at(-1)).toMatchObject({ outcome: 'refused', exitCode: 3, run: null });
  });

  it('a used file, also where its mark was removed', async () => {
    await write();
    await sign('b');
    expect(await run()).toMatchObject({ exitCode: 0 });
    world.forget();
    expect(await run()).toMatchObject({ exitCode: 3, error: { code: 'approval.used' } });
    rmSync(join(state.directory, 'used-plans'), { recursive: true });
    expect(await run()).toMatchObject({ exitCode: 3, error: { code: 'approval.used' } });
    expect(world.effects()).toEqual([]);
  });

  it('there was no room for the journal: nothing was begun, and the file is still good', async () => {
    await write();
    await sign('b');
    const reserve = vi.spyOn(Journal.prototype, 'reserve').mockImplementation(() => {
      throw new WriteError('journal', Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    });
    const outcome = await run();
    reserve.mockRestore();
    expect(outcome).toMatchObject({ exitCode: 3, error: { code: 'journal.no-room' } });
    expect(await run()).toMatchObject({ exitCode: 0, error: undefined });
  });

  it('a file that expires while the question is open', async () => {
    await write();
    await sign('b');
    const outcome = await run({
      answers: { confirm: undefined },
      scene: {
        replies: [{ kind: 'typed', question: /Type production/, answer: true }],
        prepare: (scene) => {
          scene.onEvent = ({ type }) => {
            if (type === 'plan.ready') scene.clock.advance(2 * long);
          };
        },
      },
    });
    expect(outcome).toMatchObject({ exitCode: 3, error: { code: 'approval.expired' } });
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
  });
});

describe('refused with the plan on the screen', () => {
  it('a fact that has moved since', async () => {
    await write();
    await sign('b');
    world.fact = 'second';
    const outcome = await run();
    expect(outcome).toMatchObject({ exitCode: 3, error: { code: 'plan.changed' } });
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
    // It was not used up.
    world.fact = 'first';
    expect(await run()).toMatchObject({ exitCode: 0 });
  });

  it('a check that is overruled now, and was not when the plan was signed', async () => {
    await write();
    await sign('b');
    world.checks = [
      { id: 'head', world: 'chain', status: 'block', summary: 'the head is old', override: 'old-head' },
    ];
    const outcome = await run({ answers: { overrides: ['old-head'], reason: 'seen by hand' } });
    expect(outcome).toMatchObject({ exitCode: 3, error: { code: 'approval.other-call' } });
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
  });
});

describe('approved', () => {
  it.each<[string, readonly string[], Call]>([
    ['by one of two, with a bad signature beside it', ['b', 'stranger'], {}],
    ['by two, where two are needed', ['b', 'c'], { approvals: { severe: 2 } }],
    ['by two, where it is unknown who runs it', ['b', 'c'], { user: 'root' }],
    ['by the own signature and another', ['a', 'b'], {}],
  ])('%s', async (_, signers, more) => {
    await write();
    for (const name of signers) await sign(name);
    expect(await run(more)).toMatchObject({ exitCode: 0, error: undefined });
  });
});

describe('--override approval', () => {
  it('starts the run without a plan file, and says so in journal and audit log', async () => {
    const outcome = await call({
      answers: { confirm: 'production', overrides: ['approval'], reason: 'funds are leaving' },
    });
    expect(outcome.exitCode).toBe(0);
    const overrides = [{ check: 'approval', reason: 'funds are leaving' }];
    expect(outcome.state?.started.overrides).toEqual(overrides);
    expect(outcome.audit.at(-1)).toMatchObject({ outcome: 'verified', overrides });
    expect(outcome.state?.started.checks).toContainEqual(
      expect.objectContaining({ id: 'approval', status: 'warn' }),
    );
  });

  it('needs a reason', async () => {
    const outcome = await call({ answers: { confirm: 'production', overrides: ['approval'] } });
    expect(outcome).toMatchObject({ exitCode: 2, error: { code: 'usage.missing-value' } });
  });

  it('does not make a plan file fit that does not', async () => {
    await write();
    const outcome = await run({
      answers: { overrides: ['approval'], reason: 'now' },
      scene: { version: '2.0.0' },
    });
    expect(outcome).toMatchObject({ exitCode: 3, error: { code: 'approval.other-version' } });
  });
});

describe('--override approval, afterwards', () => {
  const calm = { paused: async () => undefined, stopped: async () => [] };
  const start = () =>
    call({ answers: { confirm: 'production', overrides: ['approval'], reason: 'funds are leaving' } });
  const ctxAt = (ms: number) => {
    const settings = { environment: 'production', stateDirectory: state.directory } as never;
    return { runs: new RunStore(state.directory), settings, clock: new DrivenClock(ms) };
  };

  it('tv status names it for 24 hours, and no longer', async () => {
    const { state: started, run: id } = await start();
    const at = Date.parse(started?.started.at ?? '');
    const day = 24 * 3_600_000;
    const soon = await seeRuns(ctxAt(at + day - 1), calm);
    expect(soon.unapproved).toMatchObject([{ run: id, runbook: 'set values', reason: 'funds are leaving' }]);
    expect((await seeRuns(ctxAt(at + day + 1), calm)).unapproved).toEqual([]);
    const rule = runRules.find(({ id: of }) => of === 'run-unapproved');
    expect(rule?.find({ runs: soon }, {} as never)).toEqual([
      expect.objectContaining({
        subject: id,
        sentence: expect.stringMatching(/^a run of tv set values by \S+ was started without its approval$/),
        evidence: expect.objectContaining({ reason: 'funds are leaving' }),
      }),
    ]);
  });

  it('a run that was approved is not named', async () => {
    await write();
    await sign('b');
    const { state: started } = await run();
    const at = Date.parse(started?.started.at ?? '');
    expect((await seeRuns(ctxAt(at + 1), calm)).unapproved).toEqual([]);
  });

  it('the report says so at its head; of an approved run it names who signed', async () => {
    const { state: without } = await start();
    if (without === undefined) throw new Error('no run');
    expect(buildTimeline(without).head).toContainEqual([
      'NOT APPROVED',
      'started without approval: funds are leaving',
    ]);
    await write();
    const { fingerprint } = await sign('b');
    const { state: signed } = await run();
    if (signed === undefined) throw new Error('no run');
    const head = new Map(buildTimeline(signed).head);
    expect(head.get('Signed by')).toContain(`b@example.com (${fingerprint}, checked `);
    expect(head.get('Plan file')).toContain(readPlanFile(file).sha256);
    expect(head.has('NOT APPROVED')).toBe(false);
  });
});

describe('tv plan', () => {
  const ctxOf = (more: object = {}) => {
    const scene = startScene(state.directory, { approvals: policy() });
    const told: string[] = [];
    const output = fakeOutput();
    const ctx = { ...scene.engine.ctx, tell: (line: string) => told.push(line), output, ...more };
    return { ctx: ctx as unknown as ActionContext, output, told };
  };
  const input = () => ({ file, key: join(keys.folder, 'b'), yes: true });

  it('approve shows the plan, signs it, and is in the audit log', async () => {
    await write();
    const { ctx, output } = ctxOf();
    const data = await approve.run(ctx, input());
    const shown = output.printed.join('');
    for (const words of ['Set values · production', 'echo new > a', 'This sets 3 values.', 'none yet'])
      expect(shown).toContain(words);
    expect(data?.signatures).toMatchObject([{ principal: 'b@example.com', state: 'valid' }]);
    expect(ctx.audit.entries().at(-1)).toMatchObject({
      ...{ command: 'plan approve', outcome: 'signed', plan: readPlanFile(file).document.digest },
      input: { fingerprint: data?.signatures[0]?.fingerprint },
    });
    for (const width of [60, 80]) {
      const text = approve.render(data as never, plainPaint(width), input());
      expect(text).toContain('Signatures (1 signature of others needed)');
    }
    // Signed again, it stays one signature.
    expect((await approve.run(ctx, input()))?.signatures).toHaveLength(1);
  });

  it.each<[string, object, object, string]>([
    ['without a terminal and without --yes', {}, { yes: false }, 'answer.missing'],
    [
      'answered with no',
      { output: fakeOutput({ ask: async () => false }) },
      { yes: false },
      'answer.not-confirmed',
    ],
    ['an absent key', {}, { key: '/absent/key' }, 'approval.no-key'],
    ['no key named, and none in ~/.ssh', {}, { key: undefined }, 'approval.no-key'],
  ])('approve %s: nothing is signed', async (_, more, words, code) => {
    await write();
    const { ctx } = ctxOf(more);
    await expect(approve.run(ctx, { ...input(), ...words })).rejects.toMatchObject({ code });
    expect(readSignatureFiles(file)).toEqual([]);
  });

  it('approve of an expired plan: shown, not signed', async () => {
    await write({ approvals: { expiryMs: 1_000 } });
    const { ctx } = ctxOf();
    await expect(approve.run(ctx, input())).rejects.toMatchObject({ code: 'approval.expired', exitCode: 3 });
    expect(readSignatureFiles(file)).toEqual([]);
  });

  it('without ssh-keygen: says what to install; show still shows the plan', async () => {
    await write();
    await sign('b');
    vi.stubEnv('PATH', keys.folder);
    const { ctx } = ctxOf();
    await expect(approve.run(ctx, input())).rejects.toMatchObject({
      code: 'approval.no-ssh-keygen',
      exitCode: 3,
    });
    const data = await show.collect(ctx, { file });
    expect(show.render(data, plainPaint(80), { file })).toContain(
      'ssh-keygen cannot be started on this machine',
    );
    expect(await run()).toMatchObject({ exitCode: 3, error: { code: 'approval.no-ssh-keygen' } });
  });

  it('show names each signature, and why it does not count', async () => {
    await write();
    for (const name of ['b', 'stranger']) await sign(name);
    keys.revoke('b');
    const { ctx } = ctxOf({
      settings: { ...settingsOf(), approvals: policy({ revokedKeys: keys.revoked }) },
    });
    const data = await show.collect(ctx, { file });
    expect(data.signatures.map(({ state: found }) => found).toSorted()).toEqual(['revoked', 'unknown-key']);
    for (const width of [60, 80]) {
      const text = show.render(data, plainPaint(width), { file });
      expect(
        text
          .split('\n')
          .filter((line) => line.length > width && !/\$|^ {2}digest|^Next: tv plan approve \//.test(line)),
      ).toEqual([]);
      expect(text.replace(/\s+/g, ' ')).toContain('b@example.com, SHA256:');
      expect(text.replace(/\s+/g, ' ')).toContain('not valid: the key is revoked');
    }
  });

  it('list names open, expired and used plans, and leaves other JSON out', async () => {
    const folder = join(state.directory, '..', 'plans');
    mkdirSync(folder);
    const at = (name: string) => join(folder, name);
    writeFileSync(at('other.json'), '{}');
    await write({ answers: { out: at('old.json') }, approvals: { expiryMs: 1 } });
    await write({ answers: { out: at('used.json') }, approvals: { severe: 0 } });
    await run({ answers: { planFile: at('used.json') }, approvals: { severe: 0 } });
    await write({ answers: { out: at('open.json') } });
    const { ctx } = ctxOf();
    const data = await list.collect(ctx, { folder });
    expect(data.plans.map(({ file: name, state: found }) => [name, found])).toEqual([
      [at('open.json'), 'open'],
      [at('used.json'), 'used'],
      [at('old.json'), 'expired'],
    ]);
    expect(data.history).toMatchObject([{ command: 'set values', outcome: 'verified' }]);
    expect(list.render(data, plainPaint(80), { folder })).toContain('In the audit log');
  });

  const settingsOf = () => ({ environment: 'production', stateDirectory: state.directory });
});

describe('any altered byte', () => {
  it('of the file: refused without a signature, too', async () => {
    await write();
    const bytes = readFileSync(file);
    const bits = [0x01, 0x20, 0x80];
    for (const at of everySoMany(bytes.length, 3)) {
      const altered = Buffer.from(bytes);
      altered[at] = (bytes[at] ?? 0) ^ (bits[at % bits.length] ?? 1);
      writeFileSync(file, altered);
      expect(() => readPlanFile(file), `byte ${at}`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^approval\.(altered|file-unusable)$/) }),
      );
    }
    for (const altered of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from('\n')])]) {
      writeFileSync(file, altered);
      expect(() => readPlanFile(file)).toThrow();
    }
  });

  it('of the signature: it does not count', async () => {
    await write();
    const { file: signature } = await sign('b');
    const bytes = readFileSync(signature);
    const planFile = readPlanFile(file);
    const counted: number[] = [];
    // A byte may cost a call of ssh-keygen.
    for (const at of everySoMany(bytes.length, 5)) {
      const altered = Buffer.from(bytes);
      const byte = bytes[at] ?? 0;
      altered[at] = byte === 0x41 ? 0x42 : 0x41;
      writeFileSync(signature, altered);
      const { signatures } = await verifySignatures(planFile, policy(), { user: 'a' });
      if (signatures.some(({ state: found }) => found === 'valid')) counted.push(at);
    }
    expect(counted).toEqual([]);
    writeFileSync(signature, bytes);
    const { signatures } = await verifySignatures(planFile, policy(), { user: 'a' });
    expect(signatures.map(({ state: found }) => found)).toEqual(['valid']);
  });

  it.each<[string, (text: string) => string]>([
    [
      'an older version number, which ssh-keygen takes',
      (text) => rearmoured(text, (bytes) => bytes.writeUInt32BE(0, 6)),
    ],
    ['other line breaks', (text) => text.replaceAll('\n', '\r\n')],
    ['lines of another length', (text) => text.replace(/(.{30})\n(.{30})/, '$1$2\n')],
    ['text after its end', (text) => `${text}more\n`],
    ['nothing', () => ''],
  ])('of the signature without breaking it: %s', async (_, alter) => {
    await write();
    const { file: signature } = await sign('b');
    writeFileSync(signature, alter(readFileSync(signature, 'utf8')));
    const { signatures } = await verifySignatures(readPlanFile(file), policy(), { user: 'a' });
    expect(signatures.map(({ state: found }) => found)).toEqual(['altered']);
  });

  it.each<[string, string, (document: Forged) => void]>([
    [
      'another command in a step',
      'altered',
      ({ plan }) => Object.assign(plan.steps[0] ?? {}, { command: 'x' }),
    ],
    ['a step less', 'altered', ({ plan }) => plan.steps.pop()],
    ['another fact', 'altered', ({ restsOn }) => Object.assign(restsOn.basis, { fact: 'other' })],
    ['another environment', 'altered', (document) => Object.assign(document, { environment: 'staging' })],
    [
      'a title that clears the screen',
      'file-unusable',
      (document) => Object.assign(document, { title: '\u001b[2J' }),
    ],
    [
      'an unknown effect',
      'file-unusable',
      ({ plan }) => Object.assign(plan.steps[0] ?? {}, { effect: 'none' }),
    ],
    ['a field too many', 'file-unusable', (document) => Object.assign(document, { more: 1 })],
  ])('forged with a sum that fits: %s', async (_, code, edit) => {
    await write();
    expect(readPlanFile(forged(() => {})).document.environment).toBe('production');
    const name = forged(edit);
    expect(() => readPlanFile(name)).toThrow(expect.objectContaining({ code: `approval.${code}` }));
  });

  it('a plan file with a field that is nested too deeply is refused', async () => {
    await write();
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('"input":{"level":1}');
    writeFileSync(file, text.replace('"input":{"level":1}', `"input":${deep}`));
    expect(() => readPlanFile(file)).toThrow(expect.objectContaining({ code: 'approval.file-unusable' }));
  });

  const token = '0x20c0000000000000000000000000000000000001';
  const account = '0x00000000000000000000000000000000000000aa';
  const shownEffects = ({ decimals = 6, after = '5000000' } = {}) => ({
    ...{ method: 'sequence', steps: [], states: [], capital: [], contradictions: [] },
    parties: [{ address: account, name: 'the recipient' }],
    balances: [{ token, account, before: '0', after }],
    tokens: [{ address: token, symbol: 'AlphaUSD', decimals }],
  });

  it('the effects of a plan are shown', async () => {
    await write();
    const name = forged(({ plan }) => Object.assign(plan, { effects: shownEffects() }));
    const { plan, checks } = readPlanFile(name).document;
    expect(plainPaint(80).plan({ plan, checks }, 'Plan')).toMatch(
      /the recipient.*0 → 5 AlphaUSD|AlphaUSD.*the recipient/s,
    );
  });

  it.each<[string, string, object]>([
    ['an amount that is no number', 'file-unusable', shownEffects({ after: 'all' })],
    ['decimals that would take for ever', 'file-unusable', shownEffects({ decimals: 1e9 })],
    ['no method', 'file-unusable', {}],
  ])('effects with %s are refused', async (_, code, effects) => {
    await write();
    const name = forged(({ plan }) => Object.assign(plan, { effects }));
    expect(() => readPlanFile(name)).toThrow(expect.objectContaining({ code: `approval.${code}` }));
  });

  it('effects that are not those of the digest are refused', async () => {
    await write();
    const name = forged((document) => {
      const restsOn = { ...document.restsOn, outcome: [] };
      const digest = createHash('sha256').update(sorted(restsOn)).digest('hex');
      const steps = [{ step: 'a', result: 'success', reason: null, changes: [] }];
      const plan = { ...document.plan, id: digest, effects: { ...shownEffects(), steps } };
      Object.assign(document, { restsOn, digest, plan });
    });
    expect(() => readPlanFile(name)).toThrow(expect.objectContaining({ code: 'approval.altered' }));
  });

  it.each([
    ['empty', ''],
    ['other JSON', '{"schema":"tv.status/1"}'],
    ['nested without end', '['.repeat(500_000)],
    ['too large', ' '.repeat(2 ** 20 + 1)],
  ])('not a plan file: %s', (_, text) => {
    writeFileSync(file, text);
    expect(() => readPlanFile(file)).toThrow(expect.objectContaining({ code: 'approval.file-unusable' }));
  });
});

describe('two runs with one file at once', () => {
  it('one begins', async () => {
    await write({ approvals: { severe: 0 } });
    const both = await Promise.all([1, 2].map(() => run({ approvals: { severe: 0 } })));
    expect(both.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
  });

  it('that passed the check before another was faster: refused before its first step', async () => {
    await write();
    await sign('b');
    const faster = { run: 'the-faster-one', operator: thisOperator(), at: new Date(0) };
    const { sha256 } = readPlanFile(file);
    const outcome = await run({
      scene: {
        prepare: (scene) => {
          scene.onEvent = ({ type }) => {
            if (type === 'plan.ready') usePlan(state.directory, sha256, faster);
          };
        },
      },
    });
    expect(outcome).toMatchObject({
      exitCode: 3,
      error: { code: 'approval.used', facts: { run: 'the-faster-one' } },
    });
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
  });
});

/** A sample that meets every place of a pattern of lines. */
function everySoMany(length: number, step: number): readonly number[] {
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
}

function rearmoured(text: string, alter: (bytes: Buffer) => void): string {
  const lines = text.trimEnd().split('\n');
  const bytes = Buffer.from(lines.slice(1, -1).join(''), 'base64');
  alter(bytes);
  const body = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  return `${[lines[0], ...body, lines.at(-1)].join('\n')}\n`;
}

interface Forged {
  readonly plan: { readonly steps: object[] };
  readonly restsOn: { readonly basis: object };
}

/** A copy of the plan file with another content, as somebody who knows its form would make it. */
function forged(edit: (document: Forged) => void): string {
  const { sha256: _, ...document } = JSON.parse(readFileSync(file, 'utf8'));
  edit(document);
  const sha256 = createHash('sha256').update(sorted(document)).digest('hex');
  const name = `${file}.forged.json`;
  writeFileSync(name, `${sorted({ ...document, sha256 })}\n`);
  return name;
}

/** JSON with its keys in order. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sorted(Reflect.get(value, name))}`).join(',')}}`;
}
