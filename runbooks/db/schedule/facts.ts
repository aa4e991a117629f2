import type { UnitFile } from '../../../src/host/schedule/scheduleUnits.ts';

/** What the preflight of `tv db schedule install` has found and the plan is made from. */
export type InstallFacts = {
  readonly environment: string;
  readonly files: readonly (UnitFile & {
    /** What stood there; null where nothing did. */
    readonly before: string | null;
  })[];
  readonly timers: readonly { readonly unit: string; readonly wasEnabled: boolean }[];
};

/** What the preflight of `tv db schedule remove` has found. */
export type RemoveFacts = {
  readonly files: readonly UnitFile[];
  readonly timers: readonly { readonly unit: string; readonly wasEnabled: boolean }[];
};
