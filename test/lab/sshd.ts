import { join } from 'node:path';
import { must, run, sleep } from './exec.ts';
import type { LabInstance } from './fleet.ts';

/** Puts settings before all others of an instance's sshd (first said counts), and makes it read them. */
export async function setSshd(one: LabInstance, settings: string): Promise<void> {
  const written = await one.run('cat >/etc/ssh/sshd_config.d/01-test.conf && /usr/sbin/sshd -t', { input: settings });
  if (written.code !== 0) throw new Error(`lab: sshd does not take ${settings}: ${written.stderr}`);
  const starts = async () => (await log(one)).split('Server listening').length;
  const before = await starts();
  await one.run('kill -HUP $(cat /run/sshd.pid)');
  for (let tries = 0; (await starts()) === before; tries++) {
    if (tries > 200) throw new Error('lab: sshd did not start again');
    await sleep(20);
  }
}

/** What the instance's sshd wrote so far. */
export async function log(one: LabInstance): Promise<string> {
  return (await one.run('cat /run/sshd.log')).stdout;
}

/** Logins that were let in so far: `user from address`. */
export async function logins(one: LabInstance): Promise<string[]> {
  const found = (await log(one)).matchAll(/Accepted \S+ for (\S+) from (\S+) port/g);
  return [...found].map(([, user, from]) => `${user} from ${from}`);
}

/** A certificate authority whose keys stand in a directory. */
export class Authority {
  readonly #file: string;
  readonly line: string;

  private constructor(file: string, line: string) {
    this.#file = file;
    this.line = line;
  }

  static async make(dir: string, name: string): Promise<Authority> {
    const file = join(dir, name);
    await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
    return new Authority(file, (await must('cat', [`${file}.pub`])).trim().split(' ').slice(0, 2).join(' '));
  }

  /** Signs `NAME.pub` to `NAME-cert.pub`. `options` as ssh-keygen takes them (-h for a host, -n principals, -V validity). */
  async sign(file: string, options: readonly string[]): Promise<string> {
    await run('rm', ['-f', `${file}-cert.pub`]);
    await must('ssh-keygen', ['-q', '-s', this.#file, '-I', 'test', ...options, `${file}.pub`]);
    return must('cat', [`${file}-cert.pub`]);
  }
}
