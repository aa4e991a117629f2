import { type Advice, onHost } from '../errors/advice.ts';
import type { UnitTraits } from '../host/readUnitTraits.ts';

export interface Oddity {
  readonly what: string;
  readonly next: Advice;
}

/** What may start a unit that was stopped. */
export function triggerOddities({ triggers }: UnitTraits, during: string): readonly Oddity[] {
  return triggers.map((name) => ({
    what: `${name} may start it again${during}`,
    next: onHost(`systemctl stop ${name}`),
  }));
}

/** A start would run another program, or the same one otherwise, than the unit file now says. */
export function outdatedOddities({ isOutdated }: UnitTraits): readonly Oddity[] {
  if (!isOutdated) return [];
  return [
    {
      what: 'its unit file has changed since systemd read it',
      next: onHost('systemctl daemon-reload'),
    },
  ];
}
