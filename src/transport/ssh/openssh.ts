import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ReachError } from '../../core/errors.ts';
import type { Limits, Reach, Session } from '../../core/ports.ts';
import { killGroup, runChild } from '../process.ts';
import { explainSudo, sudoOf } from '../sudo.ts';
import { hostPort, seconds } from '../text.ts';
import { parseSshUri, type SshAddress } from './address.ts';
import { type Patience, persevere } from './arrive.ts';
import { remoteCommand } from './command.ts';
import { settled } from './connect.ts';
import { keyOnLine } from './host-key.ts';
import { keepaliveOf } from './keepalive.ts';
import { clientConfig } from './openssh-config.ts';
import { arrivalOf, explainSsh, offendingLine } from './openssh-words.ts';
import { refuseHostile } from './proxy-command.ts';
import { pinFileOf } from './target.ts';

/** Most of what ssh says that is kept. Characters. */
const wordsKept = 200_000;
/** Between asking ssh to end and making it. Milliseconds. */
const graceMs = 500;
/** Paths of Unix sockets are short: what ssh adds to the path while it makes one must fit too. */
const socketPathAtMost = 80;
const up = 'snowfence-is-in';

/**
 * ssh as a child of a shell that ends it when its own standard input ends: when this process dies in whatever way, no
 * connection is left behind. Arguments: the command.
 */
const leash = `exec 3<&0
"$@" </dev/null 3<&- &
p=$!
{ read -r x <&3; kill "$p"; } >/dev/null 2>&1 &
w=$!
exec 3<&-
wait "$p"; c=$?
kill "$w" 2>/dev/null
exit "$c"`;

/**
 * A session by the system's own ssh: one master connection, over which each program runs in a channel of its own, so
 * that the standard error of a program is the program's alone. @throws ReachError
 */
export async function opensshSession(
  address: SshAddress,
  reach: Reach,
  limits: Limits,
  signal: AbortSignal,
): Promise<Session> {
  if (signal.aborted) throw new ReachError('interrupted', 'interrupted before it was called');
  refuseSecrets(reach);
  const deadline = performance.now() + limits.totalMs;
  const way = wayOf(address, reach);
  const sudo = await sudoOf(reach);
  const base = tmpdir().length > socketPathAtMost - 20 ? '/tmp' : tmpdir();
  // Readable by nobody else: mkdtemp makes it 0700.
  const dir = await mkdtemp(join(base, 'snowfence-'));
  const config = join(dir, 'config');
  const socket = join(dir, 'c');
  const limitMs = Math.min(limits.connectMs, limits.totalMs);
  const keepaliveMs = keepaliveOf(limits.idleMs);
  const patience: Patience = { limitMs, keepaliveMs, signal, retries: reach.retries ?? 2 };
  const common = ['-F', config, '-T', ...way];
  const shown = hostPort(address.host, address.port ?? 22);
  const running = new Set<ChildProcessWithoutNullStreams>();
  try {
    await writeFile(config, await clientConfig(reach, { connectMs: limitMs, keepaliveMs }), { mode: 0o600 });
    if (reach.hostKeyPolicy === 'accept-new') await prepare(pinFileOf(reach));
    if (reach.hostKeys) {
      const lines = reach.hostKeys.map((key) => `${givenName} ${key}\n`).join('');
      await writeFile(join(dir, 'given'), lines, { mode: 0o600 });
      common.push('-o', `UserKnownHostsFile=${join(dir, 'given')}`, '-o', `HostKeyAlias=${givenName}`);
    }
    const master = await persevere(
      (left) => startMaster([...common, '--', address.host], socket, shown, left, signal),
      patience,
    );
    const arrival = arrivalOf(master.said(), `${address.user ? `${address.user}@` : ''}${shown}`);
    return {
      arrival,
      async run(program, args, onBytes, input) {
        const log = join(dir, 'log');
        // No way but over the master: when that is gone, ssh would else call the host by itself.
        const mux = ['-S', socket, '-o', 'ControlMaster=no', '-o', 'ProxyCommand=exec false', '-vv', '-E', log];
        const command = [...mux, ...common, '--', address.host, remoteCommand(args, sudo, Buffer.byteLength(program))];
        const child = {
          command: 'ssh',
          args: command,
          program,
          sudo,
          limits,
          deadline,
          signal,
          onBytes,
          input,
          running,
        };
        const answer = await runChild(child);
        const own = answer.exitCode !== 255 || /Received exit status from master 255/.test(await textOf(log));
        await rm(log, { force: true });
        if (answer.ended === 'exit' && !own) return { ...answer, exitCode: null, ended: 'cut' };
        return explainSudo(answer, sudo, shown);
      },
      async close() {
        for (const child of running) killGroup(child, 'SIGKILL');
        await end(master.child);
        await rm(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

/** ssh makes a known-hosts file that everybody may read. */
async function prepare(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await (await open(file, 'a', 0o600)).close();
}

/** The name under which keys of the inventory stand. */
const givenName = 'snowfence-inventory';

function refuseSecrets({ password, passphrase, hostKeys = [] }: Reach): void {
  const refuse = (what: string, hint: string): never => {
    throw new ReachError('unsupported', `the openssh client takes no ${what}`, hint);
  };
  if (password !== undefined) refuse('password (BatchMode)', 'use a key, or reach.sshClient: builtin');
  if (passphrase !== undefined)
    refuse('passphrase (BatchMode)', 'add the key to an ssh-agent, or use reach.sshClient: builtin');
  if (hostKeys.some((key) => !/^[a-z0-9@.-]+ +AAAA/.test(key))) {
    refuse('fingerprints in hostKeys', 'write the whole line (ssh-ed25519 AAAA...), or use reach.sshClient: builtin');
  }
}

/**
 * User, port and jump hosts as arguments: for this host alone, not for those on the way. ssh puts all of them into
 * commands of its own (ProxyCommand, ProxyJump), and not every version looks at them as closely as this does.
 */
function wayOf({ host, user, port }: SshAddress, { proxyJump }: Reach): string[] {
  const hops = proxyJump === undefined || proxyJump === 'none' ? [] : proxyJump.split(',');
  const named = hops.map((hop) => parseSshUri(`ssh://${hop.trim().replace(/^ssh:\/\//, '')}`));
  for (const one of [{ host, user }, ...named]) {
    refuseHostile(one.host);
    // DOMAIN\\user is a user.
    if (one.user !== undefined) refuseHostile(one.user.replace(/\\(?=\w)/, ''));
  }
  return [
    ...(user === undefined ? [] : ['-o', `User=${user}`]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(proxyJump === undefined ? [] : ['-o', `ProxyJump=${proxyJump}`]),
  ];
}

interface Master {
  child: ChildProcess;
  said(): string;
}

async function startMaster(
  args: string[],
  socket: string,
  shown: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<Master> {
  // Options of this call alone: a jump host's connection may be shared as the person's configuration says.
  const announce = ['-o', 'ControlPersist=no', '-o', 'PermitLocalCommand=yes', '-o', `LocalCommand=echo ${up}`];
  const words = ['ssh', '-v', '-M', '-N', '-S', socket, ...announce, ...args];
  const child = spawn('/bin/sh', ['-c', leash, 'snowfence-ssh', ...words], { detached: true, stdio: 'pipe' });
  let [said, told] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < wordsKept) said += text;
  });
  child.stdin.on('error', () => {});
  try {
    await settled<void>(signal, limitMs, (resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (told.length < wordsKept) told += text;
        if (told.includes(up)) resolve();
      });
      child.once('error', (error) => reject(new ReachError('unsupported', `cannot start ssh: ${error.message}`)));
      child.once('close', (code) => {
        const missing = code === 127 && /not found/.test(said);
        const hint = "install OpenSSH's client, or use reach.sshClient: builtin";
        if (missing) reject(new ReachError('unsupported', 'there is no ssh on this machine', hint));
        else explained(said, shown).then(reject);
      });
      return () =>
        new ReachError('timeout', `${shown} did not let ssh in within ${seconds(limitMs)}`, 'is the instance well?');
    });
    return { child, said: () => said };
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** The error, with the fingerprint of the key that was known, of which ssh itself tells only the place. */
async function explained(said: string, shown: string): Promise<ReachError> {
  const error = explainSsh(said, shown);
  const place = offendingLine(said);
  const known = place && (await keyOnLine(place.file, place.line));
  if (!known) return error;
  return new ReachError(error.reason, `${error.message}; known is ${known} (${place.file}:${place.line})`, error.hint);
}

/** Ends ssh and whatever it started, and waits until they are gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    killGroup(child, 'SIGTERM');
    const forced = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs);
    await gone;
    clearTimeout(forced);
  }
  // A ProxyCommand of its own group may still hold the pipes: nobody waits for it.
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
