import type { Fingerprint, ProcessFact } from '../core/facts.ts';

/** A process of a container: it has neither our mounts nor our root directory, and is the business of another image. */
export function isContained({ root }: Pick<Fingerprint, 'root'>, process: ProcessFact): boolean {
  return !process.ownMounts && process.root !== '' && root !== '' && process.root !== root;
}
