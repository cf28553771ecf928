import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519Key } from './keys.ts';

/** A directory for one test file, and keys in it. */
export interface Scratch {
  path(name: string): string;
  write(name: string, content: string, mode?: number): Promise<string>;
  /** Makes a key pair: `NAME` and `NAME.pub`. */
  key(name: string, passphrase?: string): Promise<{ private: string; public: string }>;
  remove(): Promise<void>;
}

export async function makeScratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'snowfence-ssh-'));
  const path = (name: string): string => join(directory, name);
  const write = async (name: string, content: string, mode = 0o600): Promise<string> => {
    await writeFile(path(name), content, { mode });
    return path(name);
  };
  return {
    path,
    write,
    async key(name, passphrase) {
      const options = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-cbc', rounds: 2 };
      const pair = ed25519Key({ comment: name, ...options });
      await write(name, pair.private);
      await write(`${name}.pub`, `${pair.public}\n`);
      return pair;
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** `host type base64`, as a known-hosts file has it. */
export function knownLine(host: string, port: number, publicKey: string): string {
  return `[${host}]:${port} ${publicKey.split(' ').slice(0, 2).join(' ')}\n`;
}
