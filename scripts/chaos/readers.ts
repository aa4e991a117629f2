// What is so, read by cast, psql, systemctl, ps and the files themselves: no code of tv has a part in it.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { privateKeyToAddress } from 'viem/accounts';
import { castBinary } from '../bench/castBinary.mjs';
import {
  lineOfLog,
  line as lineOfRow,
  type RawLog,
  type RowsAnswer,
  rowsQuery,
  topicsOfKinds,
} from './events.ts';
import { oldestSignal, type Readings } from './judge.ts';
import { program } from './program.ts';
import type { World } from './world.ts';

type Hex = `0x${string}`;

const units = ['tempovault-api', 'tempovault-indexer', 'tempovault-oracle'] as const;
/** How long what a killed tv has started may still run, and what follows the chain may be behind. */
const patienceMs = 25_000;

const pad = (hex: string) => hex.slice(2).toLowerCase().padStart(64, '0');

/** Asks the node itself, past every proxy. */
async function rpc<T>(
  url: string,
  calls: readonly (readonly [method: string, params: unknown[]])[],
): Promise<T[]> {
  const body = calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }));
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  });
  const answers = (await response.json()) as { id: number; result?: T; error?: { message: string } }[];
  return answers
    .toSorted((a, b) => a.id - b.id)
    .map(({ result, error }) => {
      if (error !== undefined || result === undefined) throw new Error(error?.message ?? 'no result');
      return result;
    });
}

const signatures = [
  'balanceOf(address)',
  'paused()',
  'pairCircuitBroken(bytes32)',
  'hasRole(bytes32,address)',
] as const;

/** Reads one world again and again; what cannot change is remembered. */
export class Readers {
  readonly #world: World;
  readonly #selectors: ReadonlyMap<string, string>;
  readonly #topics: ReadonlyMap<string, string>;
  readonly #role: string;
  readonly #transfer: string;
  /** Lines of the chain's events by transaction and index, up to `#read`. */
  readonly #expected = new Map<string, { readonly block: number; readonly text: string }>();
  #read = -1;
  #settled = { block: -1, digest: null as string | null };
  readonly #firstBlock: number;
  #scanned: number;
  readonly #payments: { amount: string; hash: string }[] = [];
  /** Of the operators' accounts, and not named in a journal so far. */
  readonly #unnamed = new Set<string>();

  private constructor(
    world: World,
    words: ReadonlyMap<string, string>,
    topics: ReadonlyMap<string, string>,
    head: number,
  ) {
    this.#world = world;
    this.#selectors = words;
    this.#topics = topics;
    this.#role = words.get('ORACLE') ?? '';
    this.#transfer = words.get('Transfer(address,address,uint256)') ?? '';
    this.#firstBlock = head + 1;
    this.#scanned = head;
  }

  static async open(world: World): Promise<Readers> {
    const words = new Map<string, string>();
    for (const each of signatures) words.set(each, (await program(castBinary(), ['sig', each])).trim());
    for (const each of ['ORACLE', 'Transfer(address,address,uint256)'])
      words.set(each, (await program(castBinary(), ['keccak', each])).trim());
    const [head = '0x0'] = await rpc<Hex>(world.chainUrl, [['eth_blockNumber', []]]);
    const readers = new Readers(world, words, await topicsOfKinds(), Number(head));
    const wrong = await readers.#rows();
    if (wrong.length > 0)
      throw new Error(`the rows differ from the chain before anything was done:\n${wrong.join('\n')}`);
    return readers;
  }

  #call(to: string, signature: (typeof signatures)[number], ...words: readonly string[]) {
    const data = `${this.#selectors.get(signature)}${words.map(pad).join('')}`;
    return ['eth_call', [{ to, data }, 'latest']] as const satisfies readonly [string, unknown[]];
  }

  /** What the choice of the next command rests on, too. */
  async state(): Promise<Readonly<Record<string, string>>> {
    const { deployment, chainUrl } = this.#world;
    const { riskController } = deployment.addresses;
    const [paused = '0x', ...open] = await rpc<Hex>(chainUrl, [
      this.#call(riskController, 'paused()'),
      ...deployment.pairs.map(({ id }) => this.#call(riskController, 'pairCircuitBroken(bytes32)', id)),
    ]);
    const shown = await this.#world.inside(['systemctl', 'is-active', ...units]);
    const states = shown.trim().split('\n');
    return {
      paused: String(BigInt(paused) === 1n),
      ...Object.fromEntries(
        deployment.pairs.map(({ id }, at) => [`breaker ${id}`, String(BigInt(open[at] ?? '0x0') === 1n)]),
      ),
      ...Object.fromEntries(units.map((unit, at) => [`unit ${unit}`, states[at] ?? 'unknown'])),
    };
  }

  async total(): Promise<Readonly<Record<string, string>>> {
    const { deployment, chainUrl } = this.#world;
    const { treasuryVault, dexStrategy } = deployment.addresses;
    const holders = [treasuryVault, dexStrategy, deployment.dex, deployment.accounts.owner.address];
    const calls = deployment.tokens.flatMap(({ address }) =>
      holders.map((holder) => this.#call(address, 'balanceOf(address)', holder)),
    );
    const balances = await rpc<Hex>(chainUrl, calls);
    return Object.fromEntries(
      deployment.tokens.map(({ symbol }, at) => {
        const own = balances.slice(at * holders.length, (at + 1) * holders.length);
        return [symbol, String(own.reduce((sum, each) => sum + BigInt(each), 0n))];
      }),
    );
  }

  /** @param settled once everything that tv has started should have ended */
  async read(): Promise<Readings> {
    const left = [...(await this.#awaitRest()), ...(await this.#databases())];
    const rows = await this.#rows();
    const state = await this.state();
    const oracle =
      state['paused'] === 'true' || state['unit tempovault-oracle'] !== 'active'
        ? undefined
        : await this.#oracle();
    await this.#scan();
    return {
      total: await this.total(),
      payments: this.#payments,
      state,
      oracle,
      processes: this.#world.takeProcessCounts(),
      rows,
      locks: [...(await this.#advisoryLocks()), ...this.#claims()],
      left,
      unreadable: this.#unreadable(),
      unjournaled: [...this.#unnamed],
      sentTwice: await this.#sentTwice(),
      leaks: this.#world.findLeaks(),
    };
  }

  /** Programs that a killed tv has started end by themselves. */
  async #awaitRest(): Promise<readonly string[]> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const left = await this.#world.processesLeft();
      if (left.length === 0 || Date.now() > end) return left;
      await sleep(200);
    }
  }

  async #logs(from: number, to: number, filter: object): Promise<readonly RawLog[]> {
    const range = { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` };
    const [logs = []] = await rpc<RawLog[]>(this.#world.chainUrl, [
      ['eth_getLogs', [{ ...range, ...filter }]],
    ]);
    return logs;
  }

  /** Every event of the chain up to the indexer's cursor, and every row, have to be the same. */
  async #rows(): Promise<readonly string[]> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const wrong = await this.#rowsOnce();
      if (wrong.length === 0 || Date.now() > end) return wrong;
      await sleep(1_000);
    }
  }

  async #rowsOnce(): Promise<readonly string[]> {
    const { chainUrl, deployment } = this.#world;
    const answer = JSON.parse(await this.#world.psql(rowsQuery(this.#settled.block))) as RowsAnswer;
    const [head = '0x0'] = await rpc<Hex>(chainUrl, [['eth_blockNumber', []]]);
    if (Number(head) > this.#read) {
      const logs = await this.#logs(this.#read + 1, Number(head), {
        address: Object.values(deployment.addresses),
      });
      for (const log of logs) {
        const text = lineOfLog(log, this.#topics);
        const key = `${log.transactionHash}:${Number(log.logIndex)}`;
        if (text !== undefined) this.#expected.set(key, { block: Number(log.blockNumber), text });
      }
      this.#read = Number(head);
    }
    const wrong: string[] = [];
    const missing: { readonly block: number; readonly text: string }[] = [];
    if (answer.stray > 0) wrong.push(`${answer.stray} rows of kinds without their event`);
    if (this.#settled.digest !== null && answer.settled !== this.#settled.digest)
      wrong.push(`the rows up to block ${this.#settled.block} are not what they were`);
    const found = new Map<string, string>();
    for (const row of answer.rows) {
      if (found.has(row.key)) wrong.push(`twice: ${lineOfRow(row)}`);
      found.set(row.key, lineOfRow(row));
    }
    for (const [key, { block, text }] of this.#expected) {
      if (block <= this.#settled.block) continue;
      const is = found.get(key);
      // Rows of a batch come before its cursor.
      if (is === undefined && block <= answer.cursor) missing.push({ block, text });
      if (is !== undefined && is !== text) wrong.push(`not the same: ${is} / ${text}`);
    }
    for (const [key, text] of found) if (!this.#expected.has(key)) wrong.push(`not on the chain: ${text}`);
    if (missing.length > 0) {
      const skipped = await this.#world.skippedBlocks();
      wrong.push(...missing.filter(({ block }) => !skipped.has(block)).map(({ text }) => `missing: ${text}`));
    }
    if (wrong.length === 0 && this.#settled.block < 0) {
      this.#settled = { block: Math.min(answer.cursor, this.#firstBlock - 1), digest: null };
      this.#settled.digest = (
        JSON.parse(await this.#world.psql(rowsQuery(this.#settled.block))) as RowsAnswer
      ).settled;
    }
    return wrong;
  }

  async #oracle(): Promise<Readings['oracle']> {
    const { deployment, chainUrl, envFile } = this.#world;
    const key = /^ORACLE_PRIVATE_KEY=["']?(0x[0-9a-fA-F]{64})["']?\s*$/m.exec(
      readFileSync(envFile, 'utf8'),
    )?.[1];
    if (key === undefined) return { address: 'nobody', authorised: false, signalAge: Number.NaN };
    const address = privateKeyToAddress(key as Hex);
    const call = this.#call(
      deployment.addresses.governanceRoles,
      'hasRole(bytes32,address)',
      this.#role,
      address,
    );
    const topic = [...this.#topics].find(([, signature]) => signature.startsWith('OracleSignalUpdated'))?.[0];
    const end = Date.now() + patienceMs;
    for (;;) {
      const [holds = '0x0'] = await rpc<Hex>(chainUrl, [call]);
      const [block] = await rpc<{ number: Hex; timestamp: Hex }>(chainUrl, [
        ['eth_getBlockByNumber', ['latest', false]],
      ]);
      const head = Number(block?.number);
      const logs = await this.#logs(Math.max(0, head - oldestSignal), head, { topics: [topic] });
      const own = [];
      for (const log of logs.toReversed().slice(0, 6)) {
        const [sent] = await rpc<{ from: string }>(chainUrl, [
          ['eth_getTransactionByHash', [log.transactionHash]],
        ]);
        if (sent?.from.toLowerCase() === address.toLowerCase()) own.push(head - Number(log.blockNumber));
      }
      // A block a second.
      const signalAge = Math.min(...own);
      const authorised = BigInt(holds) === 1n;
      if ((authorised && signalAge <= oldestSignal) || Date.now() > end)
        return { address, authorised, signalAge };
      await sleep(500);
    }
  }

  /** The blocks since the last time: payments, and who sent what. */
  async #scan(): Promise<void> {
    const { deployment, chainUrl, operators } = this.#world;
    const [head = '0x0'] = await rpc<Hex>(chainUrl, [['eth_blockNumber', []]]);
    const to = Number(head);
    if (to > this.#scanned) {
      const from = this.#scanned + 1;
      const recipient = `0x${pad(deployment.accounts.owner.address)}`;
      const addresses = deployment.tokens.map(({ address }) => address);
      const logs = await this.#logs(from, to, {
        address: addresses,
        topics: [this.#transfer, null, recipient],
      });
      for (const { data, transactionHash } of logs)
        this.#payments.push({ amount: String(BigInt(data)), hash: transactionHash });
      const numbers = Array.from({ length: to - from + 1 }, (_, at) => `0x${(from + at).toString(16)}`);
      const { admin, emergency, riskOfficer, treasuryManager } = deployment.accounts;
      const accounts = [admin, emergency, riskOfficer, treasuryManager].map(({ address }) =>
        address.toLowerCase(),
      );
      const blocks = await rpc<{ transactions: { hash: string; from: string }[] }>(
        chainUrl,
        numbers.map((number) => ['eth_getBlockByNumber', [number, true]]),
      );
      for (const { hash, from: sender } of blocks.flatMap(({ transactions }) => transactions))
        if (accounts.includes(sender.toLowerCase())) this.#unnamed.add(hash);
      this.#scanned = to;
    }
    if (this.#unnamed.size === 0) return;
    const journals = operators
      .flatMap(({ journals: folders }) => folders.flatMap((folder) => textsIn(folder)))
      .join('\n');
    for (const hash of this.#unnamed) if (journals.includes(hash)) this.#unnamed.delete(hash);
  }

  async #sentTwice(): Promise<readonly string[]> {
    const files = this.#world.operators.flatMap(({ journals }) => journals.flatMap(filesIn));
    const several = files.flatMap((file) => severalSigned(readFileSync(file, 'utf8')));
    const twice: string[] = [];
    for (const { step, hashes } of several) {
      const receipts = await rpc<{ status: string } | null>(
        this.#world.chainUrl,
        hashes.map((hash) => ['eth_getTransactionReceipt', [hash]]),
      );
      const effective = hashes.filter((_, at) => receipts[at]?.status === '0x1');
      if (effective.length > 1) twice.push(`${step}: ${effective.join(', ')}`);
    }
    return twice;
  }

  /** What was made for a run and is not to stay. A restore keeps the former database, by a name that says so. */
  async #databases(): Promise<readonly string[]> {
    const query = `SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE NOT datistemplate`;
    const names = JSON.parse(await this.#world.psql(query)) as string[];
    return names
      .filter((name) => !/^(postgres|tempovault|tempovault_old_\w+)$/.test(name))
      .map((name) => `database ${name}`);
  }

  /** No tv is running: so none may hold the lock. A server notices the end of a session within moments. */
  async #advisoryLocks(): Promise<readonly string[]> {
    const query = `SELECT coalesce(json_agg(a.application_name), '[]') FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'`;
    const end = Date.now() + patienceMs;
    for (;;) {
      const held = JSON.parse(await this.#world.psql(query)) as string[];
      if (held.length === 0 || Date.now() > end) return held.map((name) => `advisory lock of ${name}`);
      await sleep(300);
    }
  }

  /** Claims that others take for held: the highest of a folder, of a process that is there. */
  #claims(): readonly string[] {
    return this.#world.operators.flatMap(({ state }) => {
      const root = join(state, 'locks');
      if (!existsSync(root)) return [];
      const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
        /claim-\d+$/.test(file),
      );
      return files.flatMap((file) => {
        const claim = parse(readFileSync(join(root, file), 'utf8')) as
          | { released?: boolean; what?: string; operator?: { pid: number } }
          | undefined;
        const pid = claim?.operator?.pid;
        if (claim === undefined || claim.released === true || pid === undefined) return [];
        return this.#world.isTv(pid) ? [`${file}: ${claim.what} by process ${pid}`] : [];
      });
    });
  }

  #unreadable(): readonly string[] {
    return this.#world.operators.flatMap(({ state, journals }) => [
      ...journals.flatMap((folder) =>
        filesIn(folder).flatMap((file) => journalProblems(file, readFileSync(file, 'utf8'))),
      ),
      ...auditProblems(join(state, 'audit.jsonl')),
    ]);
  }
}

const filesIn = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => join(folder, name))
    : [];
const textsIn = (folder: string) => filesIn(folder).map((file) => readFileSync(file, 'utf8'));

/** All lines but a torn last one are JSON, in order, and the first one starts the run. */
export function journalProblems(file: string, text: string): readonly string[] {
  const lines = text.split('\n').slice(0, -1).map(parse) as ({ type?: string; seq?: number } | undefined)[];
  const wrong = lines.findIndex(
    (each, at) => each === undefined || each.seq !== at || (each.type === 'run.started') !== (at === 0),
  );
  return wrong < 0 ? [] : [`${file}, line ${wrong + 1}`];
}

/** Of a journal: the steps that have noted more than one transaction under one name, and no undo between them. */
export function severalSigned(
  text: string,
): readonly { readonly step: string; readonly hashes: readonly string[] }[] {
  const signed = new Map<string, Set<string>>();
  const several: { step: string; hashes: readonly string[] }[] = [];
  let run = '';
  const forget = (step: string) => {
    for (const [place, hashes] of signed)
      if (place.startsWith(`${step} `)) {
        if (hashes.size > 1) several.push({ step: `${run}, ${place}`, hashes: [...hashes] });
        signed.delete(place);
      }
  };
  for (const each of text.split('\n').map(parse)) {
    const event = (each ?? {}) as {
      type?: string;
      run?: string;
      step?: string;
      note?: string;
      value?: { hash?: unknown };
    };
    const { type, step = '', note, value } = event;
    if (type === 'run.started') run = event.run ?? '';
    if (type === 'undo.done') forget(step);
    if (type !== 'step.noted' || typeof value?.hash !== 'string') continue;
    const place = `${step} ${note}`;
    signed.set(place, (signed.get(place) ?? new Set()).add(value.hash));
  }
  for (const place of [...signed.keys()]) forget(place.split(' ')[0] ?? '');
  return several;
}

/** The chain of hashes, worked out anew, and the head beside it, at most one entry behind. */
function auditProblems(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const head = existsSync(`${file}.head`) ? readFileSync(`${file}.head`, 'utf8') : '';
  return auditChainProblems(readFileSync(file, 'utf8'), head).map((problem) => `${file}: ${problem}`);
}

/** @param head the file beside the log: number and hash of its last entry */
export function auditChainProblems(text: string, head: string): readonly string[] {
  let previous = '0'.repeat(64);
  const problems: string[] = [];
  const hashes = [previous];
  for (const [at, each] of text.split('\n').slice(0, -1).entries()) {
    const entry = parse(each) as { hash?: string; previous?: string; seq?: number } | undefined;
    if (entry === undefined) {
      problems.push(`line ${at + 1} is no JSON`);
      continue;
    }
    const { hash = '', ...body } = entry;
    const right = createHash('sha256').update(sorted(body)).digest('hex');
    if (hash !== right || entry.previous !== previous || entry.seq !== at + 1)
      problems.push(`line ${at + 1} breaks the chain`);
    previous = hash;
    hashes.push(hash);
  }
  const named = head.trim().split(' ')[1] ?? hashes[0];
  if (named !== undefined && !hashes.slice(-2).includes(named))
    problems.push('the end does not fit the head');
  return problems;
}

/** JSON with sorted keys. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${sorted(each)}`).join(',')}}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
