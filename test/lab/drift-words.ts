import type { LabInstance } from './fleet.ts';
import type { Seen } from './scanning.ts';

/** One way in which a server stops being its image, and all that a scan may say about it. */
export interface LabDrift {
  readonly name: string;
  readonly do: (instance: LabInstance) => Promise<void>;
  /** Every live finding, nothing beside. */
  readonly expect: readonly Seen[];
  /** `snowflake` when it is not said. */
  readonly verdict?: 'clean' | 'drifted' | 'violating';
  /** What cannot be read because of it; nothing where it is not said. */
  readonly gaps?: readonly RegExp[];
  /** What the diff of the only finding must show. */
  readonly diff?: RegExp;
  /** Raw bytes of the only finding's subject, where its printable form loses something. */
  readonly bytes?: Buffer;
}

/** A shell script inside, that must succeed. */
export function sh(script: string): LabDrift['do'] {
  return async (instance) => {
    // One write of a file, not an argument: the program sees its own name in no argument vector of another process.
    const result = await instance.run(['/bin/bash', '-e', '-s'], { input: script });
    if (result.code !== 0) throw new Error(`${instance.name}: ${result.stderr || result.stdout || result.code}`);
  };
}

export function one(kind: string, change: string, subject: string, severity: string): Seen {
  return { kind, change, subject, severity };
}
export const added = (subject: string, severity: string, kind = 'file') => [one(kind, 'added', subject, severity)];
export const changed = (subject: string, severity: string, kind = 'file') => [one(kind, 'changed', subject, severity)];
export const removed = (subject: string, severity: string, kind = 'file') => [one(kind, 'removed', subject, severity)];
