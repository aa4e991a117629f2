import { type KeyName, keyOf, readValue, showValue, type ValueOf } from './keys.ts';
import type { Layer, Written } from './layers.ts';
import { unreadableValue } from './problem.ts';
import type { SettingOrigin, SettingsProblem } from './settings.ts';

/** Looks settings up in layers, first layer first, and remembers where each came from. */
export class Resolution {
  readonly problems: SettingsProblem[] = [];
  readonly secrets: string[] = [];
  readonly #layers: Layer[] = [];
  readonly #origins = new Map<KeyName, SettingOrigin>();

  constructor(layers: readonly Layer[]) {
    for (const layer of layers) this.add(layer);
  }

  /** Puts a layer under the others. */
  add(layer: Layer): void {
    this.#layers.push(layer);
    // Also what is not used in the end: a program that is shown the source may repeat it.
    for (const [name, { raw }] of layer) {
      this.secrets.push(...(keyOf(name).credentials?.(raw) ?? []));
    }
  }

  /**
   * The first source's value, else the default. A malformed value is a problem and leaves the
   * setting unset: what a source below says may mean something else.
   */
  get<K extends KeyName>(name: K, fallback?: ValueOf<K>): ValueOf<K> | undefined {
    const written = this.#layers.find((layer) => layer.has(name))?.get(name);
    if (written === undefined) {
      const value = fallback ?? keyOf(name).fallback;
      const source = value === undefined ? 'unset' : 'default';
      this.#keep(name, value === undefined ? '' : showValue(name, value), { source, where: '' });
      return value;
    }
    const value = written.source === 'unset' ? undefined : readValue(name, written.raw);
    const unset = { source: 'unset', where: written.where } as const;
    this.#keep(
      name,
      value === undefined ? '' : showValue(name, value),
      value === undefined ? unset : written,
    );
    if (value === undefined && written.source !== 'unset') this.#complain(name, written);
    return value;
  }

  /** A setting that has a default. Where its source is malformed, a fatal problem stands beside it. */
  need<K extends KeyName>(name: K): ValueOf<K> {
    const value = this.get(name) ?? keyOf(name).fallback;
    if (value === undefined) throw new Error(`${name} has no default`);
    return value;
  }

  origin(name: KeyName): SettingOrigin {
    const origin = this.#origins.get(name);
    if (origin === undefined) throw new Error(`${name} was never looked up`);
    return origin;
  }

  #keep(name: KeyName, shown: string, { source, where }: Pick<Written, 'source' | 'where'>): void {
    this.#origins.set(name, { key: name, shown, source, where });
  }

  #complain(name: KeyName, written: Written): void {
    const { source, where } = written;
    // Looked up twice where .env has to be found first.
    if (this.problems.some((problem) => problem.key === name && problem.where === where)) return;
    const file = /^(\/.*?):(\d+)/.exec(where);
    const next =
      file === null ? `give ${where} ${keyOf(name).expected}` : `correct line ${file[2]} of ${file[1]}`;
    // tv cannot ask for TempoVault's own file to be mended before `tv status` works.
    const level = source === '.env' ? 'error' : 'fatal';
    this.problems.push(unreadableValue(level, name, written, next));
  }
}
