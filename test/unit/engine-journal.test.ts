import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import listRuns from '../../runbooks/runs/list.ts';
import { appendLine, createFile, replaceFile, type Write, WriteError } from '../../src/output/durableFile.ts';
import { type FakeRunbookOptions, FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { readLines, secondPlace, startScene, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { play } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
let stateDirectory: string;
let world: FakeWorld;

beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

/** A file system that accepts one byte a call. */
const byteByByte: Write = (handle, bytes, offset) => writeSync(handle, bytes, offset, 1);

/** A file system with `room` bytes left: it accepts a part, then nothing. */
function almostFull(room: number): Write {
  let left = room;
  return (handle, bytes, offset, length) => {
    if (left === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const count = writeSync(handle, bytes, offset, Math.min(left, length));
    left -= count;
    return count;
  };
}

describe('a file of tv’s own', () => {
  const file = () => join(stateDirectory, 'file');

  it('write(2) accepts one byte a call → written whole', () => {
    appendLine(file(), 'first ✔', byteByByte);
    appendLine(file(), 'second', byteByByte);
    expect(readFileSync(file(), 'utf8')).toBe('first ✔\nsecond\n');
    replaceFile(file(), 'whole ✔', 0o600, byteByByte);
    expect(readFileSync(file(), 'utf8')).toBe('whole ✔');
    createFile(`${file()}.key`, 'secret', byteByByte);
    expect(readFileSync(`${file()}.key`, 'utf8')).toBe('secret');
    expect(statSync(`${file()}.key`).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['appended to', (write: Write) => appendLine(file(), 'a longer line', write)],
    ['replaced', (write: Write) => replaceFile(file(), 'another text', 0o600, write)],
    ['created', (write: Write) => createFile(`${file()}.key`, 'another text', write)],
  ])('disk full in the middle of a line, %s → fails, with every file as before', (_, act) => {
    appendLine(file(), 'first');
    for (const room of [0, 1, 5, 11]) {
      expect(() => act(almostFull(room)), `${room} bytes`).toThrow(WriteError);
      expect(readFileSync(file(), 'utf8')).toBe('first\n');
      expect(readdirSync(dirname(file()))).toEqual(['file']);
    }
    appendLine(file(), 'second');
    expect(readFileSync(file(), 'utf8')).toBe('first\nsecond\n');
  });

  it('last line torn by an earlier process → the next line starts on a line of its own', () => {
    appendLine(file(), 'first');
    appendFileSync(file(), `{"torn ${'x'.repeat(10_000)}`);
    appendLine(file(), 'second');
    expect(readFileSync(file(), 'utf8')).toBe('first\nsecond\n');
  });

  it('a FIFO in its place → fails at once, without a reader', () => {
    mkdirSync(stateDirectory, { recursive: true });
    execFileSync('mkfifo', [file()]);
    expect(() => appendLine(file(), 'line')).toThrow('is not a regular file');
  });
});

describe('a run on a disk that fills up', () => {
  const run = (options: FakeRunbookOptions = {}) => fakeRunbook(world, options);

  /** Accepts `lines` lines of a journal; fails on every later one, after a few bytes. No reserve helps. */
  function fullAfter(lines: number): Write {
    let seen = 0;
    let refused = false;
    return (handle, bytes, offset, length) => {
      const isLine = bytes.length < 100_000 && Buffer.from(bytes).toString().startsWith('{"at"');
      if (isLine && offset === 0) refused = ++seen > lines;
      if (!isLine || !refused) return writeSync(handle, bytes, offset, length);
      if (offset === 0) return writeSync(handle, bytes, 0, 7);
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
  }

  // run.started, then started and done of each of the three steps, then the verification and the end.
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    '%i lines fit → stops before the next effect; resume finishes it once',
    async (fits) => {
      const cut = await play(run(), { stateDirectory, write: fullAfter(fits), stateOf: 'nothing' });
      const ran = world.effects().filter((effect) => effect.startsWith('run'));
      // What is announced in line n is done only once line n is on disk.
      expect(ran).toEqual(['run a', 'run b', 'run c'].slice(0, Math.min(3, Math.floor(fits / 2))));
      expect(cut.exitCode).toBe(fits === 0 ? 3 : 7);
      expect(cut.error?.message).toContain(
        fits === 0 ? 'nothing was changed' : 'its journal cannot be written',
      );
      const { runs } = startScene(stateDirectory).engine.ctx;
      const [id] = runs.ids();
      if (fits === 0) {
        expect(id === undefined || runs.read(id).length === 0).toBe(true);
        return;
      }
      const file = runs.file(id ?? '');
      expect(readLines(file)).toHaveLength(fits);
      world.forget();
      const outcome = await play(run(), {
        stateDirectory,
        continued: { run: id ?? '', direction: 'resume' },
      });
      expect(outcome.exitCode).toBe(0);
      expect([...ran, ...world.effects()].filter((effect) => effect.startsWith('run')).toSorted()).toEqual([
        'run a',
        'run b',
        'run c',
      ]);
    },
  );

  it('full only until the reserve is given back → finishes', async () => {
    const reserve = () => readdirSync(join(stateDirectory, 'runs')).find((name) => name.endsWith('.reserve'));
    const write: Write = (handle, bytes, offset, length) => {
      const isLine = Buffer.from(bytes).toString().startsWith('{"at"');
      if (isLine && reserve() !== undefined) {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      }
      return writeSync(handle, bytes, offset, length);
    };
    const outcome = await play(run(), { stateDirectory, write });
    expect(outcome.exitCode).toBe(0);
    expect(outcome.state?.status).toBe('verified');
    expect(reserve()).toBeUndefined();
  });

  it('no room for the reserve → refused with exit 3, and no step has run', async () => {
    const outcome = await play(run(), { stateDirectory, write: noReserve, stateOf: 'nothing' });
    expect(outcome.exitCode).toBe(3);
    expect(outcome.error?.code).toBe('journal.no-room');
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
    expect(outcome.audit.at(-1)).toMatchObject({ outcome: 'refused', exitCode: 3 });
  });

  const noReserve: Write = (handle, bytes, offset, length) => {
    if (bytes.length >= 256 * 1024) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    return writeSync(handle, bytes, offset, length);
  };

  it.each([0, 1, 3, 4])(
    'protective, %i lines fit → does everything, with its journal in a second place',
    async (fits) => {
      const outcome = await play(run({ protective: true }), {
        stateDirectory,
        write: secondWorks(fullAfter(fits)),
      });
      expect(outcome.exitCode).toBe(0);
      expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([
        'run a',
        'run b',
        'run c',
      ]);
      expect(outcome.state?.status).toBe('verified');
      const moved = outcome.events.find((event) => event.type === 'journal.moved');
      expect(moved?.to).toContain(secondPlace(stateDirectory));
      expect(statSync(moved?.to ?? '').mode & 0o777).toBe(0o600);
      expect(readLines(moved?.to ?? '').map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    },
  );

  it('protective, cut off with its journal in the second place → resumed from there', async () => {
    const protective = run({ protective: true });
    const cut = await play(protective, {
      stateDirectory,
      write: secondWorks(fullAfter(3)),
      cutOff: { world, during: 'b' },
    });
    expect(cut.exitCode).toBe(7);
    world.forget();
    const outcome = await play(protective, {
      stateDirectory,
      continued: { run: cut.run ?? '', direction: 'resume' },
    });
    expect(outcome.exitCode).toBe(0);
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual(['run c']);
  });

  it('protective, with no place at all → does everything, and says that there is no journal', async () => {
    const outcome = await play(run({ protective: true }), {
      stateDirectory,
      write: fullAfter(1),
      stateOf: 'nothing',
    });
    // The second place is written as a whole file, whose first line is a journal line, too.
    expect(outcome.exitCode).toBe(0);
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual(['run a', 'run b', 'run c']);
    expect(outcome.events.find((event) => event.type === 'journal.moved')).toMatchObject({ to: null });
  });

  it('a second place that others can write → not used', async () => {
    const second = secondPlace(stateDirectory);
    mkdirSync(join(second, `tv-${process.getuid?.() ?? 0}`), { recursive: true, mode: 0o777 });
    execFileSync('chmod', ['777', join(second, `tv-${process.getuid?.() ?? 0}`)]);
    const outcome = await play(run({ protective: true }), {
      stateDirectory,
      write: secondWorks(fullAfter(1)),
      stateOf: 'nothing',
    });
    expect(outcome.events.find((event) => event.type === 'journal.moved')).toMatchObject({ to: null });
  });

  /** Only single lines fail: the second place is written as a whole. */
  function secondWorks(write: Write): Write {
    return (handle, bytes, offset, length) => {
      const text = Buffer.from(bytes).toString();
      const lines = text.split('\n').length - 1;
      const moved = lines > 1 || !isHome(handle);
      return moved ? writeSync(handle, bytes, offset, length) : write(handle, bytes, offset, length);
    };
  }

  function isHome(handle: number): boolean {
    const path = readlink(handle);
    return path.startsWith(`${stateDirectory}/`);
  }
});

function readlink(handle: number): string {
  return execFileSync('readlink', [`/proc/${process.pid}/fd/${handle}`], { encoding: 'utf8' }).trim();
}

describe('a journal that is none', () => {
  const started = () => readFileSync(startScene(stateDirectory).engine.ctx.runs.file(id), 'utf8').split('\n');
  const id = '20261123-031200-set-values-aaaa';

  beforeEach(async () => {
    const { run } = await play(fakeRunbook(world), { stateDirectory });
    const text = readFileSync(join(stateDirectory, 'runs', `${run}.jsonl`), 'utf8');
    rmSync(join(stateDirectory, 'runs', `${run}.jsonl`));
    writeFileSync(join(stateDirectory, 'runs', `${id}.jsonl`), text.replaceAll(run ?? '', id));
    expect(startScene(stateDirectory).engine.ctx.runs.read(id)).toHaveLength(9);
  });

  const change = (line: number, edit: (event: Record<string, unknown>) => void) => {
    const lines = started();
    const event = JSON.parse(lines[line] ?? '') as Record<string, unknown>;
    edit(event);
    lines[line] = JSON.stringify(event);
    writeFileSync(join(stateDirectory, 'runs', `${id}.jsonl`), lines.join('\n'));
  };
  const replace = (make: (file: string) => void) => {
    const file = join(stateDirectory, 'runs', `${id}.jsonl`);
    rmSync(file);
    make(file);
  };

  const wrecks: readonly (readonly [string, () => void])[] = [
    ['a line of unknown type', () => change(3, (event) => Object.assign(event, { type: 'step.pondered' }))],
    [
      'a type that every object has',
      () => change(3, (event) => Object.assign(event, { type: 'constructor' })),
    ],
    ['a line without its step', () => change(2, (event) => delete event['step'])],
    ['a line that is a list', () => replace((file) => writeFileSync(file, '[]\n'))],
    ['a line that is null', () => replace((file) => writeFileSync(file, 'null\n'))],
    ['a start without a plan', () => change(0, (event) => delete event['plan'])],
    ...[null, 'sequence', { method: 'sequence' }, { method: 'sequence', steps: [{ step: 'a' }] }].map(
      (effects) =>
        [
          `a plan with effects that are ${JSON.stringify(effects)}`,
          () => change(0, (event) => Object.assign(event['plan'] as object, { effects })),
        ] as const,
    ),
    ['a start without an operator', () => change(0, (event) => Object.assign(event, { operator: 'root' }))],
    ['a time that is none', () => change(1, (event) => Object.assign(event, { at: 'yesterday' }))],
    ['an unknown outcome', () => change(8, (event) => Object.assign(event, { outcome: 'splendid' }))],
    [
      'no start',
      () =>
        replace((file) =>
          writeFileSync(file, '{"at":"2026-11-23T03:12:00Z","type":"step.started","step":"a"}\n'),
        ),
    ],
    ['another run’s journal', () => change(0, (event) => Object.assign(event, { run: 'another' }))],
    ['NUL bytes', () => replace((file) => writeFileSync(file, `${'\0'.repeat(512)}\n`))],
    ['a line of 70 MB', () => replace((file) => writeFileSync(file, `${' '.repeat(70 * 1024 * 1024)}\n`))],
    ['a FIFO', () => replace((file) => execFileSync('mkfifo', [file]))],
    ['a folder', () => replace((file) => mkdirSync(file))],
    ['a link to nowhere', () => replace((file) => execFileSync('ln', ['-s', '/nowhere/at/all', file]))],
  ];

  it.each(wrecks)(
    '%s → named as unreadable, never counted as finished, and blocks a new run',
    async (_, wreck) => {
      wreck();
      const { engine } = startScene(stateDirectory);
      const data = await listRuns.collect(engine.ctx, { limit: 20 });
      expect(data.runs).toEqual([]);
      expect(data.damaged).toMatchObject([{ run: id, message: 'The journal is damaged.' }]);
      expect(listRuns.render(data, plainPaint(80), { limit: 20 })).toContain(`✖ ${id}`);
      const outcome = await play(fakeRunbook(world), { stateDirectory, stateOf: 'nothing' });
      expect(outcome.exitCode).toBe(3);
      expect(existsSync(join(stateDirectory, 'runs'))).toBe(true);
    },
  );
});
