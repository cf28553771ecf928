import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, ReachError } from '../../core/errors.ts';
import type { Transport } from '../../core/ports.ts';
import { processSession } from '../process.ts';
import { sudoOf } from '../sudo.ts';

/**
 * A root file system that is mounted or unpacked here, read without starting it: `rootfs:/dir`. A relative directory
 * counts from the working directory. `scope` and `open` throw a ReachError `unreachable` when it is no directory.
 */
export const rootfs: Transport = {
  scheme: 'rootfs',
  scope: (instance) => ({ root: directoryOf(instance.uri), mode: 'offline' }),
  async open(instance, limits, signal) {
    directoryOf(instance.uri);
    return processSession(await sudoOf(instance.reach), limits, signal);
  },
};

/** Real path of the directory that a `rootfs:` URI names. @throws ReachError naming the path and what is wrong with it. */
export function directoryOf(uri: string): string {
  const written = uri.replace(/^rootfs:(\/\/(?=\/))?/, '');
  if (written === '') throw new ReachError('unreachable', `"${uri}" names no directory`, 'write rootfs:/mounted/dir');
  let path: string;
  try {
    path = resolve(decodeURIComponent(written));
  } catch {
    throw new ReachError('unreachable', `"${uri}" is not a valid URI`, 'write a percent sign in a path as %25');
  }
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw new ReachError('unreachable', `cannot open ${path}: ${messageOf(error)}`, 'is it mounted?', { cause: error });
  }
  throw new ReachError('unreachable', `${path} is not a directory`, 'name the directory where the image is mounted');
}
