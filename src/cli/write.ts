import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../core/errors.ts';

/** Characters that are written at once: many small chunks become few calls. */
const atOnce = 65_536;

function* gathered(chunks: Iterable<string>): Iterable<string> {
  let held = '';
  for (const chunk of chunks) {
    held += chunk;
    if (held.length < atOnce) continue;
    yield held;
    held = '';
  }
  if (held !== '') yield held;
}

/** Writes to a stream as fast as its reader reads, so that nothing piles up in memory. */
export async function writeStream(stream: NodeJS.WriteStream, chunks: Iterable<string>): Promise<void> {
  let gone = false;
  const onError = () => {
    gone = true;
  };
  stream.on('error', onError);
  try {
    for (const chunk of gathered(chunks)) {
      if (stream.write(chunk)) continue;
      // A stream that is closed never drains; what that means is for who watches its errors.
      const heard = new AbortController();
      await Promise.race([once(stream, 'drain', heard), once(stream, 'close', heard)])
        .catch(onError)
        .finally(() => heard.abort());
      if (gone || stream.destroyed) return;
    }
  } finally {
    stream.off('error', onError);
  }
}

/**
 * Writes a file so that it is either the whole result or what stood there before: under a temporary name beside it, then
 * renamed. What is no regular file (a pipe), or is one that the shell opened for us (/dev/stdout), is written in place. @throws UserError
 */
export function writeFile(path: string, chunks: Iterable<string>): void {
  const failed = (error: unknown) =>
    new UserError(`cannot write ${path}: ${messageOf(error)}`, 'name a file in a directory that exists', {
      cause: error,
    });
  const to = placeOf(path);
  const temporary = to.regular ? join(dirname(to.path), `.${basename(to.path)}.${randomBytes(6).toString('hex')}`) : '';
  let file: number;
  try {
    file = to.own ?? openSync(temporary || to.path, to.regular ? 'wx' : 'w');
  } catch (error) {
    throw failed(error);
  }
  try {
    for (const chunk of gathered(chunks)) writeAll(file, Buffer.from(chunk), failed);
    if (!to.regular) return;
    try {
      if (to.mode !== undefined) chmodSync(temporary, to.mode);
      fsyncSync(file);
      renameSync(temporary, to.path);
    } catch (error) {
      throw failed(error);
    }
  } catch (error) {
    if (temporary) rmSync(temporary, { force: true });
    throw error;
  } finally {
    if (to.own === undefined) closeSync(file);
  }
}

/** Which file of ours, opened by whoever started us, a name stands for. */
export function ownDescriptor(path: string): number | undefined {
  const [, name = ''] = /^\/(?:dev\/std|dev\/fd\/|proc\/self\/fd\/)(out|err|\d{1,9})$/.exec(resolve(path)) ?? [];
  return name === '' ? undefined : name === 'out' ? 1 : name === 'err' ? 2 : Number(name);
}

/** Opens a named pipe once somebody reads it; whoever waits for that can be interrupted. @throws UserError */
export async function readerOf(path: string, signal: AbortSignal): Promise<{ close(): void } | undefined> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) return undefined;
  for (;;) {
    try {
      const file = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return { close: () => closeSync(file) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') return undefined;
    }
    if (signal.aborted) throw new UserError(`cannot write ${path}: nobody reads this pipe`, 'read it, or name a file');
    await sleep(100, undefined, { signal }).catch(() => {});
  }
}

/** A call may write less than it is given. */
function writeAll(file: number, bytes: Buffer, failed: (error: unknown) => UserError): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  } catch (error) {
    throw failed(error);
  }
}

/** Where a result really goes: behind symbolic links, and with the mode of what stands there. */
function placeOf(path: string): { path: string; regular: boolean; mode?: number; own?: number } {
  let found: Stats;
  try {
    found = statSync(path);
  } catch {
    return { path, regular: true };
  }
  // A pipe may stand behind a link that leads to no name (/dev/stdout), so it is opened by the name it was given.
  if (!found.isFile()) return { path, regular: false };
  // To rename over it, or to open it anew, would lose what others write to it.
  const own = ownDescriptor(path);
  if (own !== undefined) return { path, regular: false, own };
  return { path: realpathSync(path), regular: true, mode: found.mode & 0o777 };
}
