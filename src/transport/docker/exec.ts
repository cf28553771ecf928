import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import type { Answer, Limits, ProgramArguments, SessionInput } from '../../core/ports.ts';
import { collectAnswer } from '../answer.ts';
import { bytesOf, feed } from '../feed.ts';
import type { DockerApi } from './api.ts';
import { Demultiplexer } from './frames.ts';
import { object, text } from './json.ts';

/** How long ending what runs in the container may take. Milliseconds. */
const endingMs = 3000;
/** How often, and after how long, the daemon is asked for an exit status that it does not know yet. */
const [statusTries, statusMs] = [50, 20];

/**
 * The Engine API cannot end an exec. So each run carries a mark of its own in its environment, which all its children
 * inherit, and this ends whatever bears the mark: politely first, so that what cleans up behind the program can do so.
 */
const endMarked = `each() {
for p in /proc/[0-9]*; do
grep -q "SNOWFENCE_RUN=$2" "$p/environ" 2>/dev/null && kill -"$1" "\${p#/proc/}" 2>/dev/null
done
}
each TERM "$1"; sleep 1; each KILL "$1"; each KILL "$1"`;

/** One program in one container. */
export interface Exec {
  container: string;
  program: string;
  args: ProgramArguments;
  limits: Limits;
  /** `performance.now()` at which the total limit runs out. */
  deadline: number;
  signal: AbortSignal;
  onBytes: ((total: number) => void) | undefined;
  input: SessionInput | undefined;
}

/** Runs a program by `/bin/sh` as root of the container. @throws ReachError when the daemon does not begin it. */
export async function runExec(api: DockerApi, exec: Exec): Promise<Answer> {
  const { container, args, limits, deadline, signal, onBytes } = exec;
  const mark = randomBytes(16).toString('hex');
  let socket: Duplex | undefined;
  let stopping: Promise<void> | undefined;
  const collector = collectAnswer({
    ...{ limits, deadline, signal, onBytes },
    stop() {
      stopping = end(api, container, mark).finally(() => {
        socket?.destroy();
        collector.finish('cut', null);
      });
    },
  });
  const begin = async (): Promise<void> => {
    const command = ['/bin/sh', '-s', '--', args.root, args.mode, String(args.since), ...(args.skip ?? [])];
    const id = await create(api, container, command, [`SNOWFENCE_RUN=${mark}`]);
    socket = await api.hijack(`/exec/${id}/start`, { Detach: false, Tty: false });
    if (stopping) {
      socket.destroy();
      return;
    }
    const whole = await converse(socket, exec, collector.stdout, collector.stderr);
    const status = whole && !stopping ? await exitStatus(api, id) : undefined;
    // A shell says 128 + N of what a signal ended, and so does the daemon: our program never exits like that by itself.
    if (!stopping) collector.finish(status !== undefined && status < 128 ? 'exit' : 'cut', status ?? null);
  };
  let refused: unknown;
  begin().catch((error: unknown) => {
    if (!stopping) refused = error;
    collector.stderr(Buffer.from(`${messageOf(error)}\n`));
    if (!stopping) collector.finish('cut', null);
  });
  const answer = await collector.answer;
  // The daemon did not even begin: what it says of that is better than an answer that is cut.
  if (refused !== undefined && socket === undefined) throw refused;
  return answer;
}

/** Sends the program and reads to the end. True when nothing is missing. */
function converse(
  socket: Duplex,
  { program, input }: Exec,
  stdout: (chunk: Buffer) => void,
  stderr: (chunk: Buffer) => void,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const heard = feed(socket, bytesOf(program), input);
  const frames = new Demultiplexer((chunk) => {
    heard(chunk);
    stdout(chunk);
  }, stderr);
  socket.on('data', (chunk: Buffer) => {
    if (!frames.write(chunk)) socket.destroy();
  });
  // A program that ends before it has read all of itself closes the way there; its exit status tells that story.
  socket.on('error', () => {});
  socket.once('end', () => resolve(frames.whole));
  socket.once('close', () => resolve(false));
  return promise;
}

async function create(
  api: DockerApi,
  container: string,
  command: string[],
  environment: string[],
  signal?: AbortSignal,
): Promise<string> {
  const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false };
  const asked = { ...streams, User: '0', WorkingDir: '/', Cmd: command, Env: environment };
  const id = text(object(await api.json('POST', `/containers/${container}/exec`, asked, signal))['Id']);
  if (!/^[0-9a-f]{16,128}$/.test(id)) throw new Error('the daemon gave no id for the program');
  return id;
}

/** The daemon learns of the end a moment after the stream's end. Undefined when it does not say. */
async function exitStatus(api: DockerApi, id: string): Promise<number | undefined> {
  for (let tries = 0; tries < statusTries; tries++) {
    const { Running: running, ExitCode: code } = object(await api.json('GET', `/exec/${id}/json`));
    if (running !== true && typeof code === 'number') return code;
    await sleep(statusMs);
  }
  return undefined;
}

/** Ends what bears the mark. A courtesy with a time limit: our own side ends in any case. */
async function end(api: DockerApi, container: string, mark: string): Promise<void> {
  const limit = AbortSignal.timeout(endingMs);
  try {
    const id = await create(api, container, ['/bin/sh', '-c', endMarked, 'sh', mark], [], limit);
    await api.json('POST', `/exec/${id}/start`, { Detach: true, Tty: false }, limit);
  } catch {
    // The container or the daemon is gone, and the program with it.
  }
}
