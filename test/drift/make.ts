import { Draft } from '../../src/core/draft.ts';
import type { Fingerprint } from '../../src/core/facts.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';

export const sum = (c: string) => c.repeat(64);

/** `f 644 0 0 5 SHA -`. */
export function file(c = 'a', mode = '644', size = '5'): string {
  return `f ${mode} 0 0 ${size} ${c === '?' ? '?' : sum(c)} -`;
}

/** A fingerprint of files (key -> value) and whatever else a test needs. */
export function fingerprint(files: Record<string, string>, set: (draft: Draft) => void = () => {}): Fingerprint {
  const draft = new Draft('/');
  draft.fileLines = Object.entries(files).map(([key, value]) => `${key}\0${value}`);
  set(draft);
  return buildFingerprint(draft);
}
