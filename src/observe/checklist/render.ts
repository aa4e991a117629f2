import type { Paint } from '../../runbook/paint.ts';
import { ago, localTime, shortened } from '../../text/format.ts';
import { aligned, padEnd, wrap } from '../../text/layout.ts';
import { type Level, mark } from '../level.ts';
import type { Evidence } from './items.ts';
import { itemIds } from './items.ts';
import type { ItemState, JudgedItem } from './judge.ts';

const levels: Readonly<Record<ItemState, Level>> = {
  proven: 'ok',
  recorded: 'ok',
  due: 'warning',
  unknown: 'unknown',
};

const names = Math.max(...itemIds.map((id) => id.length));

/** What evidence is called on the screen: only one kind of it is a proof. */
const kinds: Readonly<Record<Evidence['kind'], string>> = {
  proven: 'proof',
  contradicted: 'not so',
  shown: 'shown',
  'not-set': 'no proof',
  unknown: 'unknown',
  person: '',
};

/** One item: its state and day, then what is recorded and what was read. */
export function renderItem(item: JudgedItem, paint: Paint): string {
  const { id, title, state, recorded, evidence, reason } = item;
  const gap = 4 + names + 2;
  const level = levels[state];
  const head = `  ${mark(level, paint)} ${padEnd(id, names)}  ${wrap(`${title}: ${whenDue(item, paint.now)}`, paint.width - gap, ' '.repeat(gap))}`;
  const done: readonly (readonly [string, string])[] =
    recorded === null ? [] : [['recorded', `${day(recorded.at)} by ${recorded.by}: ${recorded.note}`]];
  const isOpen = state === 'due' || state === 'unknown';
  const read: readonly (readonly [string, string])[] = [
    ...(evidence.kind === 'person' ? [] : [[kinds[evidence.kind], evidence.words] as const]),
    ...(isOpen || paint.full ? Object.entries(evidence.facts ?? {}) : []),
    ...(reason === null || reason === evidence.words ? [] : [['unknown', reason] as const]),
  ];
  const facts = [...done, ...read]
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [paint.dim(name), shortened(value, paint)] as const);
  return facts.length === 0 ? head : `${head}\n${aligned(facts, paint.width, '      ')}`;
}

function whenDue({ state, due }: Pick<JudgedItem, 'state' | 'due'>, now: Date): string {
  const on = due === null ? '' : day(due);
  switch (state) {
    case 'proven':
      return `proven, due ${on}`;
    case 'recorded':
      return `recorded, due ${on}`;
    case 'due':
      return due === null ? 'due' : `due since ${on} (${ago(new Date(due), now)})`;
    case 'unknown':
      return 'unknown';
  }
}

/** The day in the local zone. */
function day(at: string): string {
  return localTime(new Date(at)).slice(0, 10);
}
