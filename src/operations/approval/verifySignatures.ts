import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { explainTrouble, readTrustedFile } from '../../config/trustedFile.ts';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import { agentKeys, sshKeygen } from '../../host/sshKeygen.ts';
import { type PlanFile, readSignatureFiles, type SignatureFile, sha256Of } from '../../journal/planFile.ts';
import type { SignatureState, SignatureVerdict, SignatureVerdicts } from '../../runbook/approval.ts';
import type { Operator } from '../../runbook/events.ts';
import { outsideText } from '../../text/outsideText.ts';
import { type AllowedSigner, holdsKey, isName, readAllowedSigners } from './allowedSigners.ts';
import { namespace, parseSignature } from './sshSignature.ts';

type Approvals = Settings['approvals'];

/** Of a file of signers or of revoked keys, in bytes. */
const largestList = 4 * 2 ** 20;

/**
 * Checks the signatures beside a plan file with ssh-keygen, each against the bytes of the plan file that were read.
 * Its answers are exit codes and names; what it says to people is not read.
 * @throws TvError where ssh-keygen is not installed, or the folder cannot be listed
 */
export async function verifySignatures(
  plan: Pick<PlanFile, 'file' | 'bytes'>,
  approvals: Approvals,
  operator: Pick<Operator, 'user'>,
): Promise<SignatureVerdicts> {
  const signers = readList(approvals.allowedSigners);
  const revoked = approvals.revokedKeys === undefined ? undefined : readList(approvals.revokedKeys);
  // Without the list of revoked keys, a revoked one would count.
  const usable = revoked === undefined || revoked.known ? signers : revoked;
  const files = readSignatureFiles(plan.file);
  const lines = usable.known ? readAllowedSigners(usable.value.toString('utf8')) : [];
  const keysAtHand = files.length === 0 ? [] : await ownKeys(approvals);
  const names = operatorNames(approvals, operator, lines, keysAtHand);
  const folder = mkdtempSync(join(tmpdir(), 'tv-signatures-'));
  try {
    // What was read is what is checked, whatever becomes of the files meanwhile.
    const place = (name: string, bytes: Uint8Array | string) => {
      const file = join(folder, name);
      writeFileSync(file, bytes, { mode: 0o600 });
      return file;
    };
    const lists: Lists = {
      lines,
      signers: usable.known ? place('signers', usable.value) : undefined,
      revoked: revoked?.known === true ? place('revoked', revoked.value) : undefined,
    };
    const content = plan.bytes.toString('utf8');
    const judged: Judged[] = [];
    for (const [index, file] of files.entries()) {
      const at = place(`signature-${index}`, file.text ?? '');
      judged.push(await judgeSignature(file, at, content, lists));
    }
    return {
      signatures: withOwn(judged, names, keysAtHand),
      operator: names,
      signers: usable.known ? known(sha256Of(usable.value)) : usable,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Lists {
  readonly lines: readonly AllowedSigner[];
  readonly signers: string | undefined;
  readonly revoked: string | undefined;
}

interface Judged extends SignatureVerdict {
  readonly key: string | undefined;
}

async function judgeSignature(
  { file, text }: SignatureFile,
  at: string,
  content: string,
  { lines, signers, revoked }: Lists,
): Promise<Judged> {
  const parsed = text === undefined ? undefined : parseSignature(text);
  const key = parsed?.key;
  const verdict = (state: SignatureState, principal: string | null = null): Judged => ({
    ...{ file, fingerprint: parsed?.fingerprint ?? null, principal, state, key },
  });
  if (parsed === undefined || key === undefined || parsed.namespace !== namespace) return verdict('altered');
  const sound = await sshKeygen(['-Y', 'check-novalidate', '-n', namespace, '-s', at], content);
  if (!sound.ok) return verdict('altered');
  if (signers === undefined) return verdict('unchecked');
  const found = await sshKeygen(['-Y', 'find-principals', '-s', at, '-f', signers], content);
  // A pattern names no person, so whether it is another's signature is unknown.
  const principal = found.ok ? found.stdout.split('\n').find(isName) : undefined;
  if (principal === undefined) {
    const listed = lines.some((line) => holdsKey(line, key));
    return verdict(listed ? 'not-valid-now' : 'unknown-key');
  }
  const name = outsideText(principal);
  const verify = ['-Y', 'verify', '-n', namespace, '-s', at, '-f', signers, '-I', principal];
  if (!(await sshKeygen(verify, content)).ok) return verdict('not-valid-now', name);
  if (revoked === undefined) return verdict('valid', name);
  const current = await sshKeygen([...verify, '-r', revoked], content);
  return verdict(current.ok ? 'valid' : 'revoked', name);
}

/** Of valid signatures, those of the operator of this call, and further ones of the same person, do not count. */
function withOwn(
  judged: readonly Judged[],
  names: readonly string[],
  keysAtHand: readonly string[],
): readonly SignatureVerdict[] {
  const own = new Set(keysAtHand);
  const seen = new Set<string>();
  return judged.map(({ key = '', ...verdict }) => {
    const { principal, state } = verdict;
    if (state !== 'valid' || principal === null) return verdict;
    if (own.has(key) || names.some((name) => isSamePerson(name, principal)))
      return { ...verdict, state: 'own' };
    const person = principal.toLowerCase();
    const isRepeated = seen.has(person) || seen.has(key);
    seen.add(person).add(key);
    return isRepeated ? { ...verdict, state: 'repeated' } : verdict;
  });
}

/**
 * The names in the file of allowed signers by which the operator of this call is known: those that the settings or
 * the login name mean, and those of keys that are at hand. Each can only take signatures out of the count.
 */
function operatorNames(
  { operator: named }: Approvals,
  { user }: Pick<Operator, 'user'>,
  lines: readonly AllowedSigner[],
  keysAtHand: readonly string[],
): readonly string[] {
  const wanted = [named, user].filter((name) => name !== undefined);
  const names = lines.flatMap((line) => {
    const own = keysAtHand.some((key) => holdsKey(line, key));
    return line.principals.filter(
      (principal) => isName(principal) && (own || wanted.some((name) => isSamePerson(name, principal))),
    );
  });
  return [...new Set(names.map((name) => outsideText(name)))];
}

/** A login name means every principal of that name: `anna` is `anna@example.com`. */
function isSamePerson(name: string, principal: string): boolean {
  const [a, b] = [name.toLowerCase(), principal.toLowerCase()];
  return a === b || a === b.split('@')[0];
}

/** Public keys of the agent, of the private keys in `~/.ssh` and of the settings, in base64. */
async function ownKeys({ key }: Approvals): Promise<readonly string[]> {
  const folder = join(homedir(), '.ssh');
  const names = listFolder(folder);
  const files = [
    // A public key alone may be a colleague's.
    ...names.filter((name) => names.includes(`${name}.pub`)).map((name) => join(folder, `${name}.pub`)),
    ...(key === undefined ? [] : [key.endsWith('.pub') ? key : `${key}.pub`]),
  ];
  const lines = [...(await agentKeys()), ...files.flatMap((file) => readText(file).split('\n'))];
  return [...new Set(lines.flatMap((line) => line.trim().split(/\s+/)[1] ?? []))];
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(file: string): string {
  const answer = readTrustedFile(file, largestList);
  return 'kind' in answer ? '' : answer.bytes.toString('utf8');
}

/** A list that another user could change says nothing. */
function readList(file: string): Answer<Buffer> {
  const answer = readTrustedFile(file, largestList);
  if (!('kind' in answer)) return known(answer.bytes);
  const { through, reason = 'unknown' } = explainTrouble(answer).facts;
  return unknown(`${file} cannot be used: ${through === undefined ? '' : `${through}: `}${reason}`);
}
