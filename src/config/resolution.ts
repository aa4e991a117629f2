import { type KeyName, keyOf, readValue, showValue, type ValueOf } from './keys.ts';
import type { Layer, Written } from './layers.ts';
import { unreadableValue } from './problem.ts';
import type { SettingOrigin, SettingsProblem } from './settings.ts';

/** Resolves settings from layers, first layer first, and records the source of each. */
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
    // Also of values that are not used: a program that reads the same source may print them.
    for (const [name, { raw }] of layer) {
      this.secrets.push(...(keyOf(name).credentials?.(raw) ?? []));
    }
  }

  /**
   * The first source's value, else the default. A malformed value is a problem and leaves the setting unset:
   * a lower source may mean another system.
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

  /** A setting that has a default, which is also used for a malformed value: that is a fatal problem anyway. */
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
    // `tv status` has to work before TempoVault's own file is corrected.
    const level = source === '.env' ? 'error' : 'fatal';
    this.problems.push(unreadableValue(level, name, written, next));
  }
}
