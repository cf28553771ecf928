import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
 * renamed. What is no regular file (a pipe, /dev/stdout) is written in place. @throws UserError
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
    file = openSync(temporary || to.path, to.regular ? 'wx' : 'w');
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
    closeSync(file);
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
function placeOf(path: string): { path: string; regular: boolean; mode?: number } {
  let found: Stats;
  try {
    found = statSync(path);
  } catch {
    return { path, regular: true };
  }
  // A pipe may stand behind a link that leads to no name (/dev/stdout), so it is opened by the name it was given.
  if (!found.isFile()) return { path, regular: false };
  return { path: realpathSync(path), regular: true, mode: found.mode & 0o777 };
}
