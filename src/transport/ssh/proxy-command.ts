import { spawn } from 'node:child_process';
import { messageOf, ReachError } from '../../core/errors.ts';
import { saying } from '../text.ts';
import { Wire } from './wire.ts';

/** What tokens stand for. */
export interface Named {
  host: string;
  port: number;
  user: string;
  /** As it was written, before the configuration. */
  original: string;
  alias: string;
}

/** What a shell would obey, or a program take for an option. OpenSSH refuses the same (valid_hostname, valid_ruser). */
const hostile = /^-|['`"$\\;&<>|(){}\s\p{Cc}]/u;

/**
 * Refuses a name that a shell, or ssh's own ssh for a jump host, could take for more than one plain word.
 * @throws ReachError `unsupported`
 */
export function refuseHostile(name: string): void {
  if (!hostile.test(name)) return;
  throw new ReachError('unsupported', `"${saying(name)}" must not become part of a command`, 'is the name right?');
}

/**
 * Expands `%h %p %r %n %%` of a ProxyCommand. @throws ReachError `unsupported` for another token, and for a name that a
 * shell would not take as one plain word.
 */
export function proxyCommand(text: string, { host, port, user, original }: Named): string {
  const values: Record<string, string> = { '%': '%', h: host, p: String(port), r: user, n: original };
  return text.replace(/%(.?)/gsu, (all, token: string) => {
    const value = values[token];
    if (value === undefined)
      throw new ReachError(
        'unsupported',
        `cannot expand ${all} in ProxyCommand "${saying(text)}"`,
        'the built-in client knows %h %p %r %n %%; use reach.sshClient: openssh (--ssh-client openssh) for others',
      );
    refuseHostile(value);
    return value;
  });
}

/** Most of the command's standard error that is kept for a message. Characters. */
const stderrLength = 400;

/** How long the end of a command may take behind the end of its output. Milliseconds. */
const graceMs = 500;

/** A running ProxyCommand. */
export interface Proxy {
  stream: Wire;
  /** What it wrote to standard error so far. */
  said(): string;
  /** Resolves when it has ended and nothing more will be said. */
  ended: Promise<void>;
}

/** Runs a ProxyCommand as OpenSSH does, in a process group of its own. */
export function runProxy(command: string): Proxy {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < stderrLength) said += text.slice(0, stderrLength);
  });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // Gone already.
    }
  };
  const kill = (): void => {
    // What closed its output by itself may be about to say why.
    if (child.stdout.readableEnded && child.exitCode === null) {
      const late = setTimeout(end, graceMs);
      child.once('close', () => clearTimeout(late));
    } else end();
  };
  child.on('error', (error) => {
    said += messageOf(error);
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { stream: new Wire(child.stdout, child.stdin, kill), said: () => said, ended };
}
