import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, ReachError } from '../../core/errors.ts';
import { linesFor, parseKnownHosts, type Standing, standingOf, typeOfKey } from './known-hosts.ts';

/** A lock that is older than this was left behind by a process that died. Milliseconds. */
const staleMs = 10_000;

/**
 * Adds `name` with this key to a known-hosts file, under a lock and by rename, so that no reader sees half of it; mode
 * 0600. Undefined when it stands there afterwards; else what stands there in its place, and nothing was written.
 * @throws ReachError `host-key` when the file cannot be written: a key that is not remembered is not accepted.
 */
export async function pinKey(file: string, name: string, key: Buffer): Promise<Standing | undefined> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return await locked(`${file}.lock`, async () => {
      const text = await readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      const standing = standingOf(linesFor([parseKnownHosts(text, file)], name), key);
      if (standing.kind === 'known') return undefined;
      if (standing.kind !== 'unknown') return standing;
      const draft = `${file}.${randomBytes(6).toString('hex')}`;
      const separator = text === '' || text.endsWith('\n') ? '' : '\n';
      const line = `${name} ${typeOfKey(key)} ${key.toString('base64')}\n`;
      await writeFile(draft, `${text}${separator}${line}`, { mode: 0o600, encoding: 'latin1', flag: 'wx' });
      await rename(draft, file);
      return undefined;
    });
  } catch (error) {
    const message = `cannot write the host key of ${name} to ${file}: ${messageOf(error)}`;
    throw new ReachError('host-key', message, 'name a known-hosts file that may be written (--known-hosts)', {
      cause: error,
    });
  }
}

async function locked<T>(lock: string, work: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += 20) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || waited > 2 * staleMs) throw error;
    }
    const age = Date.now() - ((await stat(lock).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > staleMs) await rm(lock, { force: true });
    else await sleep(20);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}
