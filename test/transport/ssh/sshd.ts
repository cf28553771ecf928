import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scratch } from './scratch.ts';

const program = '/usr/sbin/sshd';

/** Whether OpenSSH's sshd can be run here. Absence is said aloud, and is a failure where SNOWFENCE_LAB=required. */
export function haveSshd(): boolean {
  const problem = sshdProblem();
  if (problem === undefined) return true;
  if (process.env['SNOWFENCE_LAB'] === 'required') throw new Error(`SNOWFENCE_LAB=required, and ${problem}`);
  console.warn(`skipped: tests against the real sshd, because ${problem}`);
  return false;
}

function sshdProblem(): string | undefined {
  const { shell, username } = userInfo();
  // sshd lets nobody in whose shell is none, and the tests log in as the current user.
  if (/\/(nologin|false)$/.test(shell ?? '')) return `${username} may not log in (${shell})`;
  try {
    accessSync(program, constants.X_OK);
    return undefined;
  } catch {
    return `there is no ${program}`;
  }
}

/** A real sshd on a loopback port, run by the current user. */
export interface Sshd {
  port: number;
  user: string;
  pid: number;
  /** What it wrote to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts sshd with `settings` (lines of sshd_config) and the named host keys and authorized keys of the scratch directory. */
export async function startSshd(
  scratch: Scratch,
  hostKeys: string[],
  authorized: string[],
  settings = '',
): Promise<Sshd> {
  const port = await freePort();
  // Debian's package leaves this to its boot script; without it a root's sshd refuses to start.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...hostKeys.map((name) => `HostKey ${scratch.path(name)}`),
    `AuthorizedKeysFile ${authorized.map((name) => scratch.path(`${name}.pub`)).join(' ') || 'none'}`,
    ...[
      settings,
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      'PermitRootLogin prohibit-password',
      'LogLevel VERBOSE',
    ],
  ];
  const file = await scratch.write(`sshd_config.${port}`, `${config.join('\n')}\n`);
  const child = spawn(program, ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100 || child.exitCode !== null) throw new Error(`sshd did not start: ${log}`);
    await sleep(20);
  }
  return {
    port,
    user: userInfo().username,
    pid: child.pid ?? 0,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', () => resolve(false));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
