import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import anchor from '../../runbooks/audit/anchor.ts';
import verify from '../../runbooks/audit/verify.ts';
import { anchorsFile } from '../../src/journal/anchors.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { appendLine } from '../../src/output/durableFile.ts';
import type { AuditRecord } from '../../src/runbook/audit.ts';
import type { ActionContext } from '../../src/runbook/define.ts';
import { type Scene, startScene, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';

const record: AuditRecord = {
  ...{ command: 'reindex', environment: 'production', operator: thisOperator(), input: {}, run: null },
  ...{ plan: null, outcome: 'verified', exitCode: 0, reason: null, overrides: [] },
};

let state: ReturnType<typeof temporaryState>;
let scene: Scene;
let elsewhere: string;

beforeEach(async () => {
  state = temporaryState();
  scene = startScene(state.directory);
  elsewhere = join(state.directory, '..', 'elsewhere');
  for (const exitCode of [0, 3, 1]) await scene.engine.ctx.audit.append({ ...record, exitCode });
});
afterEach(() => {
  vi.unstubAllEnvs();
  state.remove();
});

function contextOf(command: readonly string[] | undefined): ActionContext {
  const signers = { admin: { kind: 'env', name: 'TV_TEST_ADMIN' } };
  const settings = { stateDirectory: state.directory, audit: { anchor: command }, signers };
  return { ...scene.engine.ctx, settings, appendLine } as unknown as ActionContext;
}

const keep = () => contextOf(['sh', '-c', 'cat >> "$0"; env > "$0.env"', elsewhere]);
const verified = (anchors?: string) => verify.collect(keep(), { anchors });

describe('tv audit anchor', () => {
  it('gives the head to the command, and keeps it beside the log', async () => {
    vi.stubEnv('TV_TEST_ADMIN', 'a key of this test');
    const data = await anchor.run(keep(), {});
    const last = scene.engine.ctx.audit.entries().at(-1);
    const line = { schema: 'tv.anchor/1', seq: 3, hash: last?.hash };
    expect(JSON.parse(readFileSync(elsewhere, 'utf8'))).toMatchObject(line);
    expect(data).toMatchObject({ anchor: line });
    expect(readFileSync(anchorsFile(state.directory), 'utf8')).toBe(readFileSync(elsewhere, 'utf8'));
    expect(readFileSync(`${elsewhere}.env`, 'utf8')).not.toContain('a key of this test');
  });

  it.each<[string, readonly string[] | undefined, string]>([
    ['no command is set', undefined, 'config.setting-missing'],
    ['the command fails', ['sh', '-c', 'echo no room >&2; exit 4'], 'audit.not-anchored'],
    ['there is no such command', ['/absent/command'], 'audit.not-anchored'],
  ])('%s: an error, and no anchor is kept', async (_, command, code) => {
    await expect(anchor.run(contextOf(command), {})).rejects.toMatchObject({ code });
    expect(() => readFileSync(anchorsFile(state.directory))).toThrow();
  });

  it('the command does not read its input: anchored all the same', async () => {
    await expect(anchor.run(contextOf(['true']), {})).resolves.toBeDefined();
  });

  it('the log is not intact: not anchored', async () => {
    const { file } = scene.engine.ctx.audit;
    writeFileSync(file, readFileSync(file, 'utf8').replace('"exitCode":3', '"exitCode":0'));
    await expect(anchor.run(keep(), {})).rejects.toMatchObject({ code: 'audit.not-anchored' });
    expect(() => readFileSync(elsewhere)).toThrow();
  });
});

describe('tv audit verify', () => {
  /** As somebody would who can write all of the state directory. */
  async function writtenAnew(entries: number): Promise<void> {
    const { file } = scene.engine.ctx.audit;
    for (const name of [file, `${file}.head`]) rmSync(name);
    for (let count = 0; count < entries; count += 1) await scene.engine.ctx.audit.append(record);
  }

  it('fits the anchors, also once the log has grown', async () => {
    await anchor.run(keep(), {});
    await scene.engine.ctx.audit.append(record);
    expect(await verified(elsewhere)).toMatchObject({ intact: true, entries: 4, anchors: 2, problems: [] });
  });

  it.each<[string, number, string]>([
    ['written anew', 3, 'is another one'],
    ['written anew and shorter', 2, 'is missing'],
  ])('a log that was %s: found by the anchor alone', async (_, entries, words) => {
    await anchor.run(keep(), {});
    await writtenAnew(entries);
    expect(scene.engine.ctx.audit.verify().intact).toBe(true);
    const data = await verified();
    expect(data.problems).toEqual([expect.stringContaining(words)]);
    expect(verify.exitCode?.(data)).toBe(1);
    expect(verify.render(data, plainPaint(60), { anchors: undefined })).toContain('tampered with');
    // The anchors beside the log are gone, too: those elsewhere still have it.
    rmSync(anchorsFile(state.directory));
    expect((await verified()).intact).toBe(true);
    expect((await verified(elsewhere)).problems).toEqual([expect.stringContaining(words)]);
  });

  it('anchors that cannot be read are a problem, and a missing file is an error', async () => {
    writeFileSync(elsewhere, 'rubbish\n');
    expect((await verified(elsewhere)).problems).toEqual(['1 line of the anchors cannot be read']);
    await expect(verified(`${elsewhere}.absent`)).rejects.toMatchObject({ code: 'audit.unusable' });
  });
});
