import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder with real keys of ssh-keygen, and a file of allowed signers. */
export class SshKeys {
  readonly folder: string;
  readonly signers: string;
  readonly revoked: string;

  constructor(folder: string) {
    this.folder = folder;
    this.signers = join(folder, 'allowed_signers');
    this.revoked = join(folder, 'revoked');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.signers, '', { mode: 0o600 });
    writeFileSync(this.revoked, '', { mode: 0o600 });
  }

  /** @returns the path of a new private key without a passphrase */
  make(name: string, passphrase = ''): string {
    const file = join(this.folder, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', file]);
    return file;
  }

  publicKey(name: string): string {
    return readFileSync(join(this.folder, `${name}.pub`), 'utf8').trim();
  }

  /** A certificate beside the key, in `NAME-cert.pub`. @param validity as of `ssh-keygen -V` */
  certify(name: string, authority: string, principal: string, validity: string): void {
    const [ca, key] = [authority, `${name}.pub`].map((one) => join(this.folder, one));
    const words = ['-q', '-s', ca ?? '', '-I', name, '-n', principal, '-V', validity, key ?? ''];
    execFileSync('ssh-keygen', words, { stdio: 'pipe' });
  }

  /** One line for each key, with options between name and key. */
  allow(...lines: readonly (readonly [principals: string, key: string, options?: string])[]): void {
    const text = lines.map(([principals, key, options = '']) =>
      [principals, options, this.publicKey(key)].filter((part) => part !== '').join(' '),
    );
    writeFileSync(this.signers, `# those who may approve\n${text.join('\n')}\n`);
  }

  revoke(name: string): void {
    writeFileSync(this.revoked, `${this.publicKey(name)}\n`);
  }
}

/** An agent with one key, until it is ended. */
export async function startAgent(folder: string, key: string) {
  const socket = join(folder, 'agent.sock');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  // It prints its variables once it listens.
  await once(agent.stdout, 'data');
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' });
  return {
    socket,
    end: async () => {
      const ended = once(agent, 'exit');
      agent.kill();
      await ended;
    },
  };
}
