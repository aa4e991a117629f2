import { createHash } from 'node:crypto';

/** What tv signs under: a signature made for another purpose does not count (PROTOCOL.sshsig, "namespace"). */
export const namespace = 'tv-plan@tempovault';

/** An SSH signature, taken apart as far as trust in it needs (openssh, PROTOCOL.sshsig). */
export interface SshSignature {
  /** The public key, as it is in an allowed signers file, in base64. */
  readonly key: string;
  readonly fingerprint: string;
  readonly namespace: string;
}

/** As ssh-keygen writes it, in characters. */
const lineLength = 70;
const begin = '-----BEGIN SSH SIGNATURE-----';
const end = '-----END SSH SIGNATURE-----';

/**
 * Takes only what ssh-keygen itself writes, byte by byte: it reads more (other line breaks, an older version number),
 * and a signature that was altered without being broken would not be found out.
 * @returns undefined where the text is anything else
 */
export function parseSignature(text: string): SshSignature | undefined {
  const lines = text.split('\n');
  if (lines[0] !== begin || lines.at(-2) !== end || lines.at(-1) !== '') return undefined;
  const bytes = Buffer.from(lines.slice(1, -2).join(''), 'base64');
  if (text !== armour(bytes)) return undefined;
  if (bytes.subarray(0, 6).toString('latin1') !== 'SSHSIG' || bytes.length < 10) return undefined;
  if (bytes.readUInt32BE(6) !== 1) return undefined;
  const parts: Buffer[] = [];
  for (let at = 10; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32BE(at);
    const next = at + 4 + length;
    if (next > bytes.length) return undefined;
    parts.push(bytes.subarray(at + 4, next));
    at = next;
  }
  // Public key, namespace, reserved, hash algorithm, signature.
  const [key, purpose] = parts;
  if (parts.length !== 5 || key === undefined || purpose === undefined) return undefined;
  const fingerprint = fingerprintOf(key);
  return { key: key.toString('base64'), fingerprint, namespace: purpose.toString('latin1') };
}

/** As ssh-keygen shows it, of a key as it is on the wire. */
function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function armour(bytes: Buffer): string {
  const text = bytes.toString('base64');
  const lines = text.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];
  return `${[begin, ...lines, end].join('\n')}\n`;
}
