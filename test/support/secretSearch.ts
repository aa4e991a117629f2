import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Something that a secret could have got into. */
export interface Evidence {
  /** `stdout of tv status`, `file …/audit.jsonl`, `command line`. */
  readonly place: string;
  readonly text: string;
}

export interface Secret {
  /** Fit to be shown. */
  readonly name: string;
  readonly value: string;
}

export interface Leak {
  readonly place: string;
  readonly secret: string;
  /** In which form: `raw`, `percent-encoded`, `piece`. */
  readonly form: string;
}

/** A leak that was cut short still shows a whole piece of this length: 48 bits, of a key or of a password. */
const pieceLengths = { key: 12, password: 8 } as const;

/** Every form in which a secret could occur in a text. Hex keys are searched in either case. */
export function secretForms(value: string): readonly (readonly [form: string, text: string])[] {
  const percent = encodeURIComponent(value);
  const isKey = /^0x[0-9a-f]{64}$/i.test(value);
  const core = isKey ? value.slice(2) : value;
  const length = isKey ? pieceLengths.key : pieceLengths.password;
  // Of what no encoding changes.
  const pieces = (core.match(/[\w-]+/g) ?? []).flatMap((run) =>
    Array.from({ length: Math.floor(run.length / length) }, (_, index) =>
      run.slice(index * length, (index + 1) * length),
    ),
  );
  const forms: (readonly [string, string])[] = [
    ['raw', value],
    ['percent-encoded', percent],
    ['percent-encoded', percent.replace(/%../g, (code) => code.toLowerCase())],
    ['percent-encoded', encodeURI(value)],
    ['in JSON', JSON.stringify(value).slice(1, -1)],
    ['in HTML', value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')],
    ['in shell quotes', value.replaceAll("'", `'\\''`)],
    ['in SQL quotes', value.replaceAll("'", "''")],
    ['base64', Buffer.from(value).toString('base64').replace(/=+$/, '')],
    ['without 0x', core],
    ...(isKey ? [['bytes in base64', Buffer.from(core, 'hex').toString('base64')] as const] : []),
    ...pieces.map((piece) => ['piece', piece] as const),
  ];
  const distinct = new Map(forms.map(([form, text]) => [text, form]).toReversed() as [string, string][]);
  return [...distinct].map(([text, form]) => [form, text]);
}

/** Every place in which any form of a secret occurs. Never throws a secret at its reader. */
export function findSecrets(evidence: readonly Evidence[], secrets: readonly Secret[]): readonly Leak[] {
  const sought = secrets.flatMap(({ name, value }) =>
    secretForms(value).map(([form, text]) => {
      const folded = /^(0x)?[0-9a-f]+$/i.test(text);
      return { name, form, folded, text: folded ? text.toLowerCase() : text };
    }),
  );
  return evidence.flatMap(({ place, text }) => {
    const lower = text.toLowerCase();
    const found = sought.filter((each) => (each.folded ? lower : text).includes(each.text));
    const leaks = found.map(({ name, form }) => ({ place, secret: name, form }));
    return [...new Map(leaks.map((leak) => [JSON.stringify(leak), leak])).values()];
  });
}

/** Every file below a folder, but for some files and folders by their full path. */
export function filesBelow(directory: string, except: readonly string[] = []): readonly Evidence[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (except.includes(path)) return [];
    if (entry.isDirectory()) return filesBelow(path, except);
    return entry.isFile() ? textOf(path).map((text) => ({ place: `file ${path}`, text })) : [];
  });
}

/** None of a file that has gone since it was listed, as those of a running database do. */
function textOf(path: string): readonly string[] {
  try {
    // latin1 keeps every byte, in files that are not text as well.
    return [readFileSync(path, 'latin1')];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
