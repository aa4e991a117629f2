export interface ConnectionFailure {
  /** `cut`: the connection stood, then ended before the answer was complete. */
  readonly kind: 'refused' | 'name' | 'tls' | 'cut' | 'unreachable';
  /** In plain words, to follow a colon. */
  readonly words: string;
  /** Node's or OpenSSL's own code. */
  readonly code: string;
}

const known: Readonly<Record<string, readonly [ConnectionFailure['kind'], string]>> = {
  ECONNREFUSED: ['refused', 'connection refused'],
  ENOTFOUND: ['name', 'host name not found'],
  EAI_AGAIN: ['name', 'DNS lookup of the host name failed'],
  ECONNRESET: ['cut', 'the connection was reset'],
  EPIPE: ['cut', 'the connection was reset'],
  ERR_STREAM_PREMATURE_CLOSE: ['cut', 'the connection was closed before a response'],
  ETIMEDOUT: ['unreachable', 'no connection within the time limit'],
  EHOSTUNREACH: ['unreachable', 'no route to the host'],
  ENETUNREACH: ['unreachable', 'no route to the network'],
  CERT_HAS_EXPIRED: ['tls', 'its certificate has expired'],
  CERT_NOT_YET_VALID: ['tls', 'its certificate is not valid yet; is the clock right?'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['tls', 'its certificate is self-signed'],
  SELF_SIGNED_CERT_IN_CHAIN: ['tls', 'its certificate chain ends in a self-signed certificate'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['tls', 'its certificate chain is incomplete or not trusted'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['tls', 'its certificate comes from an authority not trusted here'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['tls', 'its certificate is for another host name'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['tls', 'no TLS on that port; http:// instead of https://?'],
  EPROTO: ['tls', 'TLS protocol error'],
};

/** What a failed connection means, read from an error of Node; undefined where it is none. */
export function connectionFailure(error: unknown): ConnectionFailure | undefined {
  for (let at: unknown = error; typeof at === 'object' && at !== null; at = below(at)) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : undefined;
    if (code === undefined) continue;
    const [kind, words] = known[code] ?? unlisted(code);
    if (kind !== undefined) return { kind, words, code };
  }
  return undefined;
}

function unlisted(code: string): readonly [ConnectionFailure['kind'] | undefined, string] {
  if (/^ERR_(TLS|SSL)|CERT/.test(code)) return ['tls', `its certificate or TLS is not accepted (${code})`];
  if (/^HPE_/.test(code)) return ['cut', 'it does not speak HTTP'];
  return [undefined, ''];
}

/** What wraps an error has it under `cause`; a host with several addresses yields an AggregateError. */
function below(error: object): unknown {
  if ('cause' in error && error.cause !== undefined) return error.cause;
  return error instanceof AggregateError ? error.errors[0] : undefined;
}
