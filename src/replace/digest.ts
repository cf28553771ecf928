import { createHash } from 'node:crypto';
import type { ReplacePlan } from '../core/replacement.ts';

/** `sha256:hex` of a JSON value whose keys are put in order first, so that a file that was written anew keeps it. */
export function digestOfValue(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonical(value)).digest('hex')}`;
}

/** Digest of a plan: over everything in it but the digest itself. */
export function digestOf(plan: ReplacePlan): string {
  const { digest: _, ...rest } = plan;
  return digestOfValue(rest);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`;
}
