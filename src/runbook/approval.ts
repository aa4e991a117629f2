import type { Answer } from '../errors/answer.ts';

/**
 * What became of the check of one signature. `valid`: by a key that the file of allowed signers lists now.
 * `unchecked`: its mathematics are right, and there is no usable file of allowed signers to say whose key it is.
 */
export type SignatureState =
  | 'valid'
  | 'own'
  | 'repeated'
  | 'altered'
  | 'unknown-key'
  | 'not-valid-now'
  | 'revoked'
  | 'unchecked';

/** A signature beside a plan file. */
export interface SignatureVerdict {
  readonly file: string;
  /** `SHA256:…` of the public key, as ssh-keygen shows it; null where the signature holds none. */
  readonly fingerprint: string | null;
  /** Whose key it is, by the file of allowed signers; null where that is unknown. */
  readonly principal: string | null;
  readonly state: SignatureState;
}

export interface SignatureVerdicts {
  readonly signatures: readonly SignatureVerdict[];
  /** Names in the file of allowed signers by which the operator of this call is known there. None: unknown. */
  readonly operator: readonly string[];
  /** SHA-256 of the file of allowed signers; unknown with the reason why it cannot be used. */
  readonly signers: Answer<string>;
}

/** By what a run was approved. Kept in its journal and in the audit log. */
export interface ApprovalUse {
  /** SHA-256 of the plan file. */
  readonly planFile: string;
  readonly createdAt: string;
  /** `user@host`. */
  readonly createdBy: string;
  /** How many signatures of others the settings ask for. */
  readonly required: number;
  /** Those that counted. */
  readonly signatures: readonly {
    readonly principal: string;
    readonly fingerprint: string;
    /** When tv checked it, for this run. A signature of SSH has no time of its own. */
    readonly checkedAt: string;
  }[];
  /** SHA-256 of the file of allowed signers; null where no signature was needed. */
  readonly signers: string | null;
}

/** How many signatures of others a run of a risk needs. */
export function requiredFor(
  policy: { readonly moderate: number; readonly severe: number },
  risk: string,
): number {
  if (risk === 'severe') return policy.severe;
  return risk === 'moderate' ? policy.moderate : 0;
}

/** After "signature of …". */
export const signatureWords: Readonly<Record<SignatureState, string>> = {
  valid: 'valid',
  own: 'does not count: it is of the operator of this call',
  repeated: 'does not count twice: the same person or key',
  altered: 'not valid: it is not a signature of these bytes',
  'unknown-key': 'not valid: the key is not in the file of allowed signers',
  'not-valid-now': 'not valid: the file of allowed signers lists the key, but not for now or not for plans',
  revoked: 'not valid: the key is revoked',
  unchecked: 'whose key it is is unknown',
};
